// A cohort file: HDF5 with `maps` [N, 1, X, Y, Z], `age` [N], `participant_id` [N] and the attribute `voxel_mm`; `sex`,
// `study` and the rest are optional (docs/cohort-file.md). Maps are read one at a time, never all into memory. Whatever
// lies under `truth/` (synthetic cohorts) is never read.
#pragma once

#include <string>
#include <vector>

#include "data/dataset.h"
#include "data/hdf5_file.h"
#include "data/voxel_grid.h"

namespace cg {

class CohortFile final : public Dataset {
 public:
  /// Errors: data, listing every finding about shapes, ages and ids with file and row; corrupt.
  explicit CohortFile(const std::string& path);

  Index size() const override { return static_cast<Index>(subjects_.size()); }
  const Subject& subject(Index i) const override { return subjects_.at(static_cast<std::size_t>(i)); }
  Shape volume_shape() const override { return shape_; }
  Volume volume(Index i) const override;

  double voxel_mm() const { return voxel_mm_; }
  VoxelGrid grid() const { return {{shape_[0], shape_[1], shape_[2]}, voxel_mm_}; }
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
