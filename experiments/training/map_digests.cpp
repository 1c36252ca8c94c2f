// SPDX-License-Identifier: Apache-2.0
#include "experiments/training/map_digests.h"

#include <fmt/format.h>

#include <cassert>

namespace cg {
namespace {

/// A text with its length in front, so that no text can look like two.
std::string counted(const std::string& text) { return fmt::format("{}:{}\n", text.size(), text); }

}  // namespace

std::string cohort_digest(const CohortFile& file, std::span<const std::string> maps) {
  assert(static_cast<Index>(maps.size()) == file.size());
  std::string text = fmt::format("cohort 2 {} {} {} {} {} {}\n", to_string(file.volume_shape()), file.voxel_mm(),
                                 file.has_affine(), name_of(file.sampling()), file.nan_is_zero(), file.synthetic());
  for (const auto& row : file.affine().m) text += fmt::format("{} {} {} {}\n", row[0], row[1], row[2], row[3]);
  text += counted(file.modality());
  for (Index i = 0; i < file.size(); ++i) {
    const Subject& subject = file.subject(i);
    text += counted(subject.id) + counted(subject.person) + fmt::format("{} ", subject.age) + counted(subject.study) +
            counted(maps[static_cast<std::size_t>(i)]);
  }
  return sha256(text);
}

std::string split_digest(const Dataset& dataset, const Split& split) {
  std::string text;
  for (const auto* part : {&split.train, &split.validation, &split.test}) {
    text += fmt::format("part of {}\n", part->size());
    for (const Index i : *part) text += counted(dataset.subject(i).id);
  }
  return sha256(text);
}

Volume DigestedMaps::volume(Index i) const {
  Volume out = file_.volume(i);
  const auto k = static_cast<std::size_t>(i);
  if (digests_.at(k).empty()) {
    traits_.at(k) = map_traits(out.values, file_.grid());
    digests_.at(k) = map_digest(out.values);
  }
  return out;
}

std::vector<Outlier> DigestedMaps::outliers() const {
  return find_outliers({ids_of(file_), digests_, traits_, file_.voxel_mm(), file_.unit()});
}

}  // namespace cg
