// SPDX-License-Identifier: Apache-2.0
// What a cohort is, to the last voxel: a digest of each map, and the digest of the whole cohort; and what shows whether
// a map belongs to it. Both are computed while the map is read for training. Read next: data/files/digest.h,
// data/outliers.h.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "data/cohort_h5.h"
#include "data/files/digest.h"
#include "data/outliers.h"
#include "data/split.h"

namespace cg {

/// SHA-256 of everything that training reads of a cohort: grid and its position, modality, sampling, ids, persons,
/// ages, studies, and the digest of every map. The file's layout, order of rows, chunks and number types do not matter.
std::string cohort_digest(const CohortFile& file, std::span<const std::string> maps);

/// SHA-256 of which ids are in which part. It also covers what a split reads besides: the order of the file's rows, a
/// column, a list of ids.
std::string split_digest(const Dataset& dataset, const Split& split);

/// A cohort file that records the digest and the traits of each map when the map is read for the first time.
class DigestedMaps final : public Dataset {
 public:
  explicit DigestedMaps(const CohortFile& file)
      : file_(file), digests_(static_cast<std::size_t>(file.size())), traits_(digests_.size()) {}

  Index size() const override { return file_.size(); }
  const Subject& subject(Index i) const override { return file_.subject(i); }
  Shape volume_shape() const override { return file_.volume_shape(); }
  Volume volume(Index i) const override;

  /// By subject; empty for a map that was not read yet.
  const std::vector<std::string>& digests() const { return digests_; }
  /// The maps that do not belong. All maps must have been read.
  std::vector<Outlier> outliers() const;

 private:
  const CohortFile& file_;
  mutable std::vector<std::string> digests_;
  mutable std::vector<MapTraits> traits_;
};

}  // namespace cg
