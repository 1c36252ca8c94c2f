// SPDX-License-Identifier: Apache-2.0
#include "experiments/runner/workload.h"

namespace cg {

double Workload::step(Index batch) const {
  const auto size = static_cast<double>(batches[static_cast<std::size_t>(batch)]);
  return pace.step * size / static_cast<double>(batches.front());
}

double Workload::epoch() const {
  double seconds = 0;
  for (Index k = 0; k < static_cast<Index>(batches.size()); ++k) seconds += step(k);
  return seconds;
}

double Workload::evaluation() const {
  return pace.encode * static_cast<double>(subjects) / static_cast<double>(batches.front());
}

double Workload::encode_batch() const {
  return evaluation() / static_cast<double>((subjects + batches.front() - 1) / batches.front());
}

Index Workload::evaluations_before(Index epoch) const {
  Index count = 0;
  for (Index e = 1; e < epoch; ++e) count += config.evaluates_after(e) || config.keeps_features_after(e);
  return count;
}

Index Workload::evaluations() const { return evaluations_before(config.train.epochs + 1); }

double Workload::seed() const {
  return static_cast<double>(config.train.epochs) * epoch() + static_cast<double>(evaluations()) * evaluation();
}

double Workload::before(const RunState& at) const {
  double seconds = static_cast<double>(at.seed) * seed() + static_cast<double>(at.epoch - 1) * epoch() +
                   static_cast<double>(evaluations_before(at.epoch)) * evaluation();
  for (Index k = 0; k < at.step; ++k) seconds += step(k);
  return seconds;
}

double Workload::all() const { return static_cast<double>(config.seeds.size()) * seed(); }

}  // namespace cg
