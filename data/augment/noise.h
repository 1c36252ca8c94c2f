// SPDX-License-Identifier: Apache-2.0
// Gaussian noise: x + sd · n with n standard normal in each voxel. As in the published code, all voxels change: the
// background, 0 before, contains noise afterwards. The unit is that of the normalised map, whose tissue has a standard
// deviation of 1.
#pragma once

#include "data/augment/augmentation.h"

namespace cg {

struct Noise {
  static constexpr const char* name = "noise";
  static constexpr Use use = Use::noise;
  double probability = 1;
  double sd = 0.05;  ///< of a map whose tissue has standard deviation 1

  struct Draw {
    Random random;  ///< the stream of the voxels' noise: one block per four voxels
    double sd;
  };
  Draw draw(const VoxelGrid&, const Random& random) const { return {random, sd}; }

  static void apply(Draw draw, const VoxelGrid& grid, std::span<float> volume);

  static Fields<Noise> fields() {
    return {probability_field<Noise>(),
            field("sd", &Noise::sd, at_least(0), "Standard deviation of the noise; that of the normalised map is 1.")};
  }
};
static_assert(Augmentation<Noise>);

}  // namespace cg
