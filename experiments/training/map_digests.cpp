// SPDX-License-Identifier: Apache-2.0
#include "experiments/training/map_digests.h"

#include <fmt/format.h>

#include <cassert>

#include "experiments/program/digest.h"

namespace cg {
namespace {

/// A text with its length in front, so that no text can look like two.
std::string counted(const std::string& text) { return fmt::format("{}:{}\n", text.size(), text); }

}  // namespace

std::string map_digest(std::span<const float> voxels) {
  return sha256({reinterpret_cast<const char*>(voxels.data()), voxels.size_bytes()});
}

std::string cohort_digest(const CohortFile& file, std::span<const std::string> maps) {
  assert(static_cast<Index>(maps.size()) == file.size());
  std::string text = fmt::format("cohort 2 {} {} {} {} {} {}\n", to_string(file.volume_shape()), file.voxel_mm(),
                                 file.has_affine(), name_of(file.sampling()), file.nan_is_zero(), file.synthetic());
  for (const auto& row : file.affine().m) text += fmt::format("{} {} {} {}\n", row[0], row[1], row[2], row[3]);
  text += counted(file.modality());
  for (Index i = 0; i < file.size(); ++i) {
    const Subject& subject = file.subject(i);
    text += counted(subject.id) + fmt::format("{} ", subject.age) + counted(subject.study) +
            counted(maps[static_cast<std::size_t>(i)]);
  }
  return sha256(text);
}

Volume DigestedMaps::volume(Index i) const {
  Volume out = file_.volume(i);
  std::string& digest = digests_.at(static_cast<std::size_t>(i));
  if (digest.empty()) digest = map_digest(out.values);
  return out;
}

}  // namespace cg
