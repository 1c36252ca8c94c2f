// All augmentations by name, their options as they stand in [data.augment] of a configuration, and the function that
// the loader calls. A new augmentation: its header, a member here, a row in augmentations.cpp, and a name of its own at
// the end of `Use` in tensor/random.h, so that its random numbers are not those of another. docs/augmentations.md shows
// each. Read next: augmentation.h (the interface), cutout.h (an example).
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
  std::vector<std::string> apply;  ///< names, applied in this order; empty: volumes as they are
  Cutout cutout;
  Noise noise;
  Flip flip;
  Rotation rotation;
  Crop crop;
};

std::vector<std::string> augmentation_names();

/// "cutout (in a share of 0.5), noise", or "" if nothing is applied.
std::string to_string(const AugmentOptions& options);

/// The options: keys, what is accepted, a sentence for the manual.
Fields<AugmentOptions> augment_fields();

/// The augmentations of `apply`, one after the other; an empty function if there are none. It may be called from any
/// thread, in any order. Errors (usage): an unknown name.
Augment make_augment(const AugmentOptions& options, const VoxelGrid& grid);

}  // namespace cg
