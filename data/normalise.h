// SPDX-License-Identifier: Apache-2.0
// Intensity normalisation, by the mean and standard deviation of the voxels that hold data (not 0). Zero stays zero.
#pragma once

#include <span>
#include <vector>

#include "data/dataset.h"

namespace cg {

/// Which voxels the statistics come from.
enum class NormaliseScope {
  train,    ///< all maps of the training part, so that nothing of the test part is used
  all,      ///< all maps, as the published code does
  subject,  ///< each map separately (T1)
};

struct Intensity {
  double mean = 0, sd = 1;  ///< in the maps' unit (kPa)
  double count = 0;         ///< voxels that hold data
};

/// Of one map.
Intensity intensity(std::span<const float> values);

/// Of all non-zero voxels of these maps together, read one map at a time. Errors (data): all values are equal.
Intensity intensity(const Dataset& dataset, std::span<const Index> subjects);

/// (x − mean)/sd where x ≠ 0.
void normalise(std::span<float> values, const Intensity& by);

}  // namespace cg
