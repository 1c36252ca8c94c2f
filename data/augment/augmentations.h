// SPDX-License-Identifier: Apache-2.0
// All augmentations by name, their options in [data.augment] of a configuration, and the function that the loader
// calls. A new augmentation needs its header, a member here, a row in augmentations.cpp, and a new name at the end of
// `Use` in tensor/random.h, so that its random numbers are independent of the others. docs/augmentations.md shows each.
// Read next: augmentation.h (the interface), cutout.h (an example).
#pragma once

#include <string>
#include <vector>

#include "data/augment/crop.h"
#include "data/augment/cutout.h"
#include "data/augment/flip.h"
#include "data/augment/noise.h"
#include "data/augment/rotation.h"

namespace cg {

struct AugmentOptions {
  std::vector<std::string> apply;  ///< names, applied in this order; empty: no augmentation
  Cutout cutout;
  Noise noise;
  Flip flip;
  Rotation rotation;
  Crop crop;
};

std::vector<std::string> augmentation_names();

/// "cutout (in 0.5 of the volumes), noise", or "" if nothing is applied.
std::string to_string(const AugmentOptions& options);

/// The options: keys, accepted values, and a sentence for the manual.
Fields<AugmentOptions> augment_fields();

/// Applies the augmentations of `apply` one after the other; an empty function if there are none. Thread-safe. Errors
/// (usage): an unknown name.
Augment make_augment(const AugmentOptions& options, const VoxelGrid& grid);

}  // namespace cg
