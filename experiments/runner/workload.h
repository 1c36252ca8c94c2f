// SPDX-License-Identifier: Apache-2.0
// How long a run and its parts will take: what is announced, and what its progress is measured by.
#pragma once

#include <vector>

#include "experiments/config/config.h"
#include "experiments/record/checkpoint.h"

namespace cg {

/// The seconds that a batch of full size takes.
struct Pace {
  double step = 0;    ///< of training
  double encode = 0;  ///< in evaluation mode
};

/// What a run consists of. An evaluation encodes all subjects of the cohort; fitting a predictor is not counted.
struct Workload {
  const Config& config;
  std::vector<Index> batches;  ///< sizes of an epoch's batches, the largest first
  Index subjects = 0;          ///< of the cohort
  Pace pace;

  double step(Index batch) const;           ///< seconds of a step with the batch at this place in the epoch
  double epoch() const;                     ///< seconds of all steps of an epoch
  double encode_batch() const;              ///< seconds of a batch of an evaluation, on average
  double evaluation() const;                ///< seconds of encoding all subjects
  Index evaluations() const;                ///< of a seed
  double before(const RunState& at) const;  ///< seconds of all work that precedes
  double all() const;                       ///< seconds of the whole run

 private:
  Index evaluations_before(Index epoch) const;
  double seed() const;
};

}  // namespace cg
