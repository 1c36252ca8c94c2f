// SPDX-License-Identifier: Apache-2.0
// What a cohort is, to the last voxel: a digest of each map, computed while the map is read for training, and the
// digest of the whole cohort. Read next: data/cohort_h5.h.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "data/cohort_h5.h"

namespace cg {

/// SHA-256 of a map's voxels as float32, in the order of the file and before normalisation.
std::string map_digest(std::span<const float> voxels);

/// SHA-256 of everything that training reads of a cohort: grid and its position, modality, sampling, ids, ages,
/// studies, and the digest of every map, in the order of the file. The file's layout, chunks and number types do not
/// matter.
std::string cohort_digest(const CohortFile& file, std::span<const std::string> maps);

/// A cohort file that records the digest of each map when the map is read for the first time.
class DigestedMaps final : public Dataset {
 public:
  explicit DigestedMaps(const CohortFile& file) : file_(file), digests_(static_cast<std::size_t>(file.size())) {}

  Index size() const override { return file_.size(); }
  const Subject& subject(Index i) const override { return file_.subject(i); }
  Shape volume_shape() const override { return file_.volume_shape(); }
  Volume volume(Index i) const override;

  /// By subject; empty for a map that was not read yet.
  const std::vector<std::string>& digests() const { return digests_; }

 private:
  const CohortFile& file_;
  mutable std::vector<std::string> digests_;
};

}  // namespace cg
