// SPDX-License-Identifier: Apache-2.0
#include "experiments/run_experiment/study_run.h"

#include <fmt/format.h>

#include <charconv>
#include <vector>

#include "data/files/storage.h"
#include "experiments/report/write_report.h"
#include "experiments/runner/trainer.h"
#include "experiments/study/cells.h"
#include "tensor/error.h"

namespace cg {
namespace {

/// A training that ended with an error.
struct Failure {
  std::string training, message;
  ErrorKind kind;
};

std::vector<std::size_t> of_shard(const StudyPlan& plan, const StudyTask& task) {
  std::vector<std::size_t> out;
  for (std::size_t k = 0; k < plan.trainings.size(); ++k)
    if (static_cast<Index>(k) % task.shards == task.shard - 1) out.push_back(k);
  return out;
}

void print_plan(const StudyPlan& plan, const StudyTask& task) {
  std::size_t done = 0;
  for (const Training& training : plan.trainings) done += training.is_done();
  for (const Study& study : plan.studies)
    fmt::print("study       {}: {}, {} rows, {} seeds\n", study.name, study.options.title, study.rows.size(),
               study.options.seeds.size());
  fmt::print("trainings   {} for {} results, {} done, {} to do\n", plan.trainings.size(), plan.cells.size(), done,
             plan.trainings.size() - done);
  if (task.shards > 1)
    fmt::print("shard       {}/{}: {} of them\n", task.shard, task.shards, of_shard(plan, task).size());
  for (const std::size_t k : of_shard(plan, task)) {
    const Training& training = plan.trainings[k];
    fmt::print("  {:<5} {:<40} {}\n", training.is_done() ? "done" : "to do", training.text, training.folder.string());
  }
}

std::vector<Failure> train(const StudyPlan& plan, const StudyTask& task, const RunOptions& options) {
  std::vector<Failure> failures;
  const std::vector<std::size_t> own = of_shard(plan, task);
  for (std::size_t k = 0; k < own.size(); ++k) {
    const Training& training = plan.trainings[own[k]];
    if (training.is_done()) continue;
    fmt::print(stderr, "\ntraining {} of {}: {}\n", k + 1, own.size(), training.text);
    RunOptions run = options;
    run.out = training.folder;
    try {
      run_experiment(training.config, run);
    } catch (const Error& error) {
      if (error.kind() == ErrorKind::interrupted) throw;
      fmt::print(stderr, "error: {}\n", error.what());
      failures.push_back({training.text, error.what(), error.kind()});
    }
  }
  return failures;
}

void write_results(const StudyResults& results, const std::filesystem::path& folder) {
  const StudyPlan& plan = results.plan;
  std::filesystem::create_directories(folder);
  write_atomically(folder / "results.csv", results_csv(plan, results.cells));
  std::string text;
  for (std::size_t s = 0; s < plan.studies.size(); ++s) text += study_table(plan, s, results.rows[s]);
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
  if (task.check) return print_plan(plan, task);
  const std::vector<Failure> failures = task.collect ? std::vector<Failure>() : train(plan, task, options);
  if (task.shards == 1 || task.collect) write_results(study_results(plan), task.folder);
  if (failures.empty()) return;
  std::string list;
  for (const Failure& f : failures) list += fmt::format("\n  {}: {}", f.training, f.message);
  fail(failures.front().kind, "study",
       fmt::format("{} of {} trainings failed:{}", failures.size(), plan.trainings.size(), list),
       "Give the same command again after a repair; where a message advises --overwrite, remove the training's folder");
}

}  // namespace cg
