// A cohort file: HDF5 with `maps` [N, 1, X, Y, Z], `age` [N], `participant_id` [N] and the attribute `voxel_mm`; `sex`,
// `study` and the rest are optional (docs/cohort-file.md). Maps are read one at a time, never all into memory. Whatever
// lies under `truth/` (synthetic cohorts) is never read.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "data/dataset.h"
#include "data/formats/hdf5_file.h"
#include "data/space/affine.h"
#include "data/space/resample.h"
#include "data/space/voxel_grid.h"

namespace cg {

class CohortFile final : public Dataset {
 public:
  /// Errors: data, listing every finding about shapes, ages and ids with file and row, or for an affine that is none;
  /// corrupt.
  explicit CohortFile(const std::string& path);

  Index size() const override { return static_cast<Index>(subjects_.size()); }
  const Subject& subject(Index i) const override { return subjects_.at(static_cast<std::size_t>(i)); }
  Shape volume_shape() const override { return shape_; }
  Volume volume(Index i) const override;

  double voxel_mm() const { return voxel_mm_; }
  VoxelGrid grid() const { return {{shape_[0], shape_[1], shape_[2]}, voxel_mm_}; }
  /// Whether X runs from right to left, Y from front to back, Z from up to down, by the file's `affine`; without one
  /// they do not. Errors (data): an affine that turns the axes.
  std::array<bool, 3> reversed_axes() const;
  /// From voxels to mm, by the file's `affine`; without one by the MNI grid, where the maps have its shape, else with
  /// the volume's middle at 0.
  Affine affine() const;
  /// Whether the file says where its voxels lie; where it does not, which side of a map is left is taken for granted.
  bool has_affine() const { return file_.has("affine"); }
  /// What the numbers of a map are: kPa, or "a.u." (arbitrary units) where the file says that it holds no stiffness.
  std::string unit() const;
  /// The share of the brain that each map covers, if the file says it; else empty. Errors (data): not one a map.
  std::vector<double> coverage() const;
  std::string modality() const;  ///< "mre" unless the file says otherwise
  /// How the maps were brought to their grid; where the file does not say, as the import does by default.
  Sampling sampling() const;
  bool nan_is_zero() const;                      ///< NaN in the maps' files meant that nothing was measured
  bool synthetic() const { return synthetic_; }  ///< the file says that it is a phantom
  const std::string& path() const { return file_.path(); }

 private:
  H5Reader file_;
  std::vector<Subject> subjects_;
  Shape shape_;
  double voxel_mm_ = 0;
  bool synthetic_ = false;
};

}  // namespace cg
