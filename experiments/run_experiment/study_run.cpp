// SPDX-License-Identifier: Apache-2.0
#include "experiments/run_experiment/study_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <vector>

#include "data/files/storage.h"
#include "experiments/program/progress.h"
#include "experiments/program/stop_signal.h"
#include "experiments/report/write_report.h"
#include "experiments/run_experiment/study_check.h"
#include "experiments/runner/trainer.h"
#include "experiments/study/collected.h"
#include "experiments/study/tables.h"
#include "tensor/error.h"

namespace cg {
namespace {

/// A training that ended with an error.
struct Failure {
  std::string training, message;
  ErrorKind kind;
};

/// In the progress a training counts by its epochs, twice with an augmentation, which gives each volume two views.
double size_of(const Config& config) {
  return static_cast<double>(config.train.epochs) * (config.data.augment.apply.empty() ? 1 : 2);
}

/// The trainings of a task, one after the other, with one progress for all of them.
class Trainer {
 public:
  Trainer(const StudyPlan& plan, const StudyTask& task, const RunOptions& options)
      : plan_(plan), options_(options), own_(of_shard(plan, task)), progress_(total(), output(), interval()) {}

  std::vector<Failure> train() {
    const auto left = std::ranges::count_if(own_, [&](std::size_t k) { return !plan_.trainings[k].is_done(); });
    if (left == 0) return {};
    for (std::size_t k = 0; k < own_.size(); ++k) train(plan_.trainings[own_[k]], k);
    progress_.finish();
    return std::move(failures_);
  }

 private:
  /// Lines in a file need not be as many as those on a screen.
  static double interval() { return standard_error().terminal ? 0 : 60; }
  static ProgressOutput output() { return standard_error(); }

  double total() const {
    double sum = 0;
    for (const std::size_t k : own_) sum += size_of(plan_.trainings[k].config);
    return sum;
  }

  void train(const Training& training, std::size_t number) {
    const double share = size_of(training.config), end = progress_.done() + share;
    if (training.is_done()) return progress_.skip(share);
    RunOptions run = options_;
    run.out = training.folder;
    run.part = {
        .whole = &progress_, .share = share, .name = fmt::format("{}/{} {}", number + 1, own_.size(), training.text)};
    progress_.clear();
    try {
      run_experiment(training.config, run);
    } catch (const Error& error) {
      progress_.clear();
      if (error.kind() == ErrorKind::interrupted || stop_signal() != 0) throw;  // also if saving failed
      progress_.say(fmt::format("error: {}: {}", training.text, error.what()));
      failures_.push_back({training.text, error.what(), error.kind()});
    }
    progress_.skip(end - progress_.done());  // of a failed training
  }

  const StudyPlan& plan_;
  const RunOptions& options_;
  std::vector<std::size_t> own_;
  Progress progress_;
  std::vector<Failure> failures_;
};

void write_results(const StudyResults& results, const std::filesystem::path& folder) {
  const StudyPlan& plan = results.plan;
  std::filesystem::create_directories(folder);
  write_atomically(folder / "results.csv", results_csv(plan, results.cells));
  write_atomically(folder / "results_groups.csv", groups_csv(plan, results.cells));
  std::string text;
  for (std::size_t s = 0; s < plan.studies.size(); ++s) {
    text += study_table(plan, s, results.rows[s]);
    text += groups_table(plan, s, results.rows[s], results.cells);
  }
  if (results.is_synthetic())
    text += "*** on a SYNTHETIC PHANTOM cohort: not a replication of the paper's figures ***\n";
  write_atomically(folder / "tables.txt", text);
  write_report(results, folder);
  fmt::print("{}", text);
  if (!results.missing.empty()) {
    fmt::print("{} of {} trainings are missing:\n", results.missing.size(), plan.trainings.size());
    for (const std::string& name : results.missing) fmt::print("  {}\n", name);
  }
  fmt::print("results in {}\n", folder.string());
}

}  // namespace

void read_shard(const std::string& text, StudyTask& task) {
  const std::size_t slash = text.find('/');
  const auto number = [&](std::size_t from, std::size_t to) {
    Index value = 0;
    const auto [end, error] = std::from_chars(text.data() + from, text.data() + to, value);
    return error == std::errc() && end == text.data() + to ? value : 0;
  };
  if (slash != std::string::npos) {
    task.shard = number(0, slash);
    task.shards = number(slash + 1, text.size());
  }
  if (slash == std::string::npos || task.shard < 1 || task.shards < task.shard)
    fail(ErrorKind::usage, "--shard " + text, "expected I/N with I from 1 to N", "For example --shard 2/8");
}

void run_study(const StudyPlan& plan, const StudyTask& task, const RunOptions& options) {
  if (task.check) return print_plan(plan, task, options);
  const std::vector<Failure> failures = task.collect ? std::vector<Failure>() : Trainer(plan, task, options).train();
  if (task.shards == 1 || task.collect) write_results(study_results(plan), task.folder);
  if (failures.empty()) return;
  std::string list;
  for (const Failure& f : failures) list += fmt::format("\n  {}: {}", f.training, f.message);
  fail(failures.front().kind, "study",
       fmt::format("{} of {} trainings failed:{}", failures.size(), plan.trainings.size(), list),
       "Correct the causes, and give the same command again; where a message advises --overwrite, remove the "
       "training's folder instead");
}

void run_collect(const std::vector<std::filesystem::path>& runs, const std::filesystem::path& folder) {
  const CollectedRuns collected = collect_runs(runs, folder.filename().string());
  write_results(collected.results, folder);
  if (collected.skipped.empty()) return;
  fmt::print("left out:\n");
  for (const std::string& line : collected.skipped) fmt::print("  {}\n", line);
}

}  // namespace cg
