// From a volume anywhere in space to the common grid: axes turned to RAS by the affine, then resampled. Everything is
// linear in the voxels, and a volume that lies on the grid already comes back bit by bit. Read next: volume.h.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "data/space/volume.h"

namespace cg {

/// The MNI box, RAS: 182 × 218 × 182 mm with its corner at (−91, −127, −73): 91×109×91 at 2 mm, voxel 0 at
/// (−90, −126, −72). Errors (usage): no edge from 0.5 to 20 mm.
SpatialGrid mni_grid(double voxel_mm = 2);

/// How the values between voxels are found.
enum class Sampling {
  /// Along an axis on which voxels shrink in number, the mean over the new voxel's extent (area weights: sums × voxel
  /// volumes are kept), otherwise linear. 0 outside of the volume, up to whose edges the outermost values reach.
  linear,
  /// As `linear`, over the voxels that hold data (not 0) alone: the rim of a stiffness map keeps its stiffness. 0 where
  /// less than half of the weight holds data.
  measured,
  /// The nearest voxel's value: for masks and labels.
  nearest,
};

/// Their names in files and on command lines, in their order.
inline constexpr const char* sampling_names[] = {"linear", "measured", "nearest"};
std::string name_of(Sampling sampling);
/// None: no such name.
std::optional<Sampling> sampling_of(std::string_view name);
/// How maps of a modality are sampled unless something else is said: zeros of a stiffness map ("mre") are no data.
Sampling usual_sampling(std::string_view modality);

/// A resampled volume, and in words what was done: "as it is", "turned from LPS", "shifted by whole
/// voxels", "area-weighted", "linear, oblique".
struct Resampled {
  Volume volume;
  std::string done;
};

/// The volume's values at the voxels of `to`. Rotated (oblique) volumes are sampled at several points in each voxel,
/// no farther apart than the volume's own voxels but at most 8 along an axis. Errors (data): a flat affine.
Resampled resample(const SpatialVolume& from, const SpatialGrid& to, Sampling sampling);

/// The same voxels with the axes in the order and direction nearest to RAS: nothing is interpolated.
SpatialVolume to_ras(const SpatialVolume& from);

}  // namespace cg
