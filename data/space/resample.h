// SPDX-License-Identifier: Apache-2.0
// Brings a volume in any position to the common grid: its axes are turned to RAS by the affine, then it is resampled.
// All steps are linear in the voxels. A volume that is already on the grid keeps all its bits. Read next: volume.h.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "data/space/volume.h"

namespace cg {

/// The MNI box in RAS: 182 × 218 × 182 mm, with its corner at (−91, −127, −73). At 2 mm it has 91×109×91 voxels, voxel
/// 0 at (−90, −126, −72). Errors (usage): an edge below 0.5 or above 20 mm.
SpatialGrid mni_grid(double voxel_mm = 2);

/// How values between voxels are computed.
enum class Sampling {
  /// Along an axis on which the number of voxels shrinks: the mean over the extent of the new voxel (area weights, so
  /// sums × voxel volumes are kept). Otherwise linear. Outside of the volume: 0; the outermost values reach to the
  /// volume's edges.
  linear,
  /// As `linear`, but only over the voxels that hold data (not 0), so that the rim of a stiffness map keeps its
  /// stiffness. 0 where less than half of the weight is data.
  measured,
  /// The value of the nearest voxel: for masks and labels.
  nearest,
};

/// The names in files and on command lines, in the order of Sampling.
inline constexpr const char* sampling_names[] = {"linear", "measured", "nearest"};
std::string name_of(Sampling sampling);
/// No value: there is no such name.
std::optional<Sampling> sampling_of(std::string_view name);
/// The default sampling of a modality: zeros of a stiffness map ("mre") are not data.
Sampling usual_sampling(std::string_view modality);

/// A resampled volume, and a description of what was done: "as it is", "turned from LPS", "shifted by whole voxels",
/// "area-weighted", "linear, oblique".
struct Resampled {
  Volume volume;
  std::string done;
};

/// The volume's values at the voxels of `to`. A rotated (oblique) volume is sampled at several points in each new
/// voxel: at least one per voxel of the volume, but at most 8 along an axis. Errors (data): a flat affine.
Resampled resample(const SpatialVolume& from, const SpatialGrid& to, Sampling sampling);

/// The same voxels with the axes in the order and direction nearest to RAS. No interpolation.
SpatialVolume to_ras(const SpatialVolume& from);

}  // namespace cg
