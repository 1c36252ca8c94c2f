// Intensity normalisation: the mean and standard deviation of the voxels that hold data (not 0); zero stays zero.
#pragma once

#include <span>
#include <vector>

#include "data/dataset.h"

namespace cg {

/// Which voxels the statistics come from.
enum class NormaliseScope {
  train,    ///< all maps of the training part: nothing of the test part leaks in
  all,      ///< all maps, as the published code does
  subject,  ///< each map by itself (T1)
};

struct Intensity {
  double mean = 0, sd = 1;  ///< in the maps' unit (kPa)
  double count = 0;         ///< voxels that hold data
};

/// Of one map.
Intensity intensity(std::span<const float> values);

/// Of all non-zero voxels of the named maps together, read one at a time. Errors (data): they are all equal.
Intensity intensity(const Dataset& dataset, std::span<const Index> subjects);

/// (x − mean)/sd where x ≠ 0.
void normalise(std::span<float> values, const Intensity& by);

}  // namespace cg
