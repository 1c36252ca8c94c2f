// SPDX-License-Identifier: Apache-2.0
// A cohort file in HDF5: `maps` [N, 1, X, Y, Z], `age` [N], `participant_id` [N] and the attribute `voxel_mm`. `sex`,
// `study` and the rest are optional (docs/cohort-file.md). Subjects are numbered in the order of their ids, whatever
// the order of the rows, so that no result depends on it. Maps are read one at a time, never all into memory. The group
// `truth/` (synthetic cohorts) is never read.
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

/// The unit of a map's values: kPa, or "a.u." (arbitrary units) if the modality is not "mre".
std::string unit_of(const std::string& modality);

class CohortFile final : public Dataset {
 public:
  /// Errors: data: all problems with shapes, ages and ids, with file and row, an invalid affine or one that contradicts
  /// voxel_mm, text that is not UTF-8; corrupt, also for everything else: content that differs from its digest.
  explicit CohortFile(const std::string& path);

  Index size() const override { return static_cast<Index>(subjects_.size()); }
  const Subject& subject(Index i) const override { return subjects_.at(static_cast<std::size_t>(i)); }
  Shape volume_shape() const override { return shape_; }
  Volume volume(Index i) const override;
  Index row(Index i) const { return rows_.at(static_cast<std::size_t>(i)); }  ///< of a subject in the file, from 0
  /// A text column of the file by subject; numbers are converted to text. Errors (data): no such column.
  std::vector<std::string> column(const std::string& name) const;

  double voxel_mm() const { return voxel_mm_; }
  VoxelGrid grid() const { return {{shape_[0], shape_[1], shape_[2]}, voxel_mm_}; }
  /// For each axis, whether it is reversed by the file's `affine`: X from right to left, Y from front to back, Z
  /// downwards. Without an `affine` no axis is reversed. Errors (data): an affine that rotates the axes.
  std::array<bool, 3> reversed_axes() const;
  /// From voxels to mm, by the file's `affine`. Without one: the affine of the MNI grid if the maps have its shape,
  /// otherwise an affine that puts the centre of the volume at 0.
  const Affine& affine() const { return affine_; }
  /// Whether the file contains the positions of its voxels. If it does not, the side of a map that is left is assumed.
  bool has_affine() const { return has_affine_; }
  std::string unit() const;  ///< unit_of() its modality
  /// The share of the brain that each map covers; empty if the file does not have it. Errors (data): not one per map.
  std::vector<double> coverage() const;
  const std::string& modality() const { return modality_; }  ///< "mre" if the file does not name another
  /// How the maps were sampled onto their grid. If the file does not name it: the default of the import.
  Sampling sampling() const { return sampling_; }
  bool nan_is_zero() const { return nan_is_zero_; }  ///< in the maps' files, NaN meant: not measured
  bool synthetic() const { return synthetic_; }      ///< a phantom, by the file's attribute
  /// Whether the file has digests; then everything that is read is compared with them. Files of other programs do not.
  bool verified() const { return verified_; }
  const std::string& path() const { return file_.path(); }

 private:
  void read_attributes();
  Affine read_affine() const;
  void check_edges() const;  ///< errors (data): they are not voxel_mm long

  H5Reader file_;
  std::vector<Subject> subjects_;
  std::vector<Index> rows_;  // of the subjects in the file
  Shape shape_;
  double voxel_mm_ = 0;
  bool synthetic_ = false, nan_is_zero_ = false, has_affine_ = false, verified_ = false;
  Affine affine_;
  std::string modality_ = "mre";
  Sampling sampling_ = Sampling::linear;
};

}  // namespace cg
