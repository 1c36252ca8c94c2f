// SPDX-License-Identifier: Apache-2.0
#include "experiments/run_experiment/study_check.h"

#include <fmt/format.h>

#include <map>
#include <optional>

#include "experiments/program/progress.h"
#include "experiments/runner/estimate.h"
#include "experiments/study/tables.h"

namespace cg {
namespace {

/// Seconds per epoch of each pace that a finished training has, on average.
std::map<std::string, double> known_paces(const StudyPlan& plan) {
  struct Sum {
    double seconds = 0, epochs = 0;
  };
  std::map<std::string, Sum> sums;
  for (const Training& training : plan.trainings)
    if (const auto seconds = training.seconds()) {
      Sum& sum = sums[pace_of(training.config)];
      sum.seconds += *seconds;
      sum.epochs += static_cast<double>(training.config.train.epochs);
    }
  std::map<std::string, double> out;
  for (const auto& [pace, sum] : sums) out[pace] = sum.seconds / sum.epochs;
  return out;
}

void print_time(const PlannedTime& time) {
  if (time.from_done + time.from_measure == 0) return;
  std::string how;
  if (time.from_done > 0) how = fmt::format("{} by trainings that are done", time.from_done);
  if (time.from_measure > 0)
    how += fmt::format("{}{} estimated from a short measured step", how.empty() ? "" : ", ", time.from_measure);
  fmt::print("time        about {} for what is left, one after the other ({})\n", duration(time.seconds), how);
}

void print_memory(const StudyPlan& plan, const std::vector<std::size_t>& trainings, const Estimator& estimator) {
  std::map<std::string, Demand> demands;  // of trainings with equal shapes
  const Training* largest = nullptr;
  const Demand* most = nullptr;
  for (const std::size_t k : trainings) {
    const Training& training = plan.trainings[k];
    if (training.is_done()) continue;
    const std::string key = pace_of(training.config) + training.config.loss.name;
    auto at = demands.find(key);
    if (at == demands.end()) at = demands.emplace(key, estimator.demand(training.config)).first;
    if (most && at->second.total() <= most->total()) continue;
    most = &at->second;
    largest = &training;
  }
  if (!most) return;
  const Index free = estimator.free_bytes();
  fmt::print("memory      {} MB for the largest training ({}){}\n", megabytes(most->total()), largest->text,
             free > 0 ? fmt::format("; {} MB are free here", megabytes(free)) : "");
}

}  // namespace

std::vector<std::size_t> of_shard(const StudyPlan& plan, const StudyTask& task) {
  std::vector<std::size_t> out;
  for (std::size_t k = 0; k < plan.trainings.size(); ++k)
    if (static_cast<Index>(k) % task.shards == task.shard - 1) out.push_back(k);
  return out;
}

PlannedTime planned_time(const StudyPlan& plan, const std::vector<std::size_t>& trainings,
                         const std::function<double(const Config&)>& measure) {
  const std::map<std::string, double> known = known_paces(plan);
  std::map<std::string, double> measured;  // seconds per epoch
  PlannedTime out;
  for (const std::size_t k : trainings) {
    const Training& training = plan.trainings[k];
    if (training.is_done()) continue;
    const std::string pace = pace_of(training.config);
    const double epochs = static_cast<double>(training.config.train.epochs);
    const auto at = known.find(pace);
    if (at == known.end() && !measured.contains(pace)) measured[pace] = measure(training.config) / epochs;
    ++(at != known.end() ? out.from_done : out.from_measure);
    out.seconds += epochs * (at != known.end() ? at->second : measured[pace]);
  }
  return out;
}

void print_plan(const StudyPlan& plan, const StudyTask& task, const RunOptions& options) {
  std::size_t done = 0;
  for (const Training& training : plan.trainings) done += training.is_done();
  for (const Study& study : plan.studies)
    fmt::print("study       {}: {}, {} rows, {} seeds\n            {}\n", study.name, study.options.title,
               study.rows.size(), study.options.seeds.size(), protocol_line(study));
  fmt::print("trainings   {} for {} results, {} done, {} to do\n", plan.trainings.size(), plan.cells.size(), done,
             plan.trainings.size() - done);
  const std::vector<std::size_t> own = of_shard(plan, task);
  if (task.shards > 1) fmt::print("shard       {}/{}: {} of them\n", task.shard, task.shards, own.size());
  for (const std::size_t k : own) {
    const Training& training = plan.trainings[k];
    fmt::print("  {:<5} {:<40} {}\n", training.is_done() ? "done" : "to do", training.text, training.folder.string());
  }
  const Estimator estimator(options.device);
  print_memory(plan, own, estimator);
  print_time(planned_time(plan, own, [&](const Config& config) { return estimator.seconds(config); }));
}

}  // namespace cg
