// SPDX-License-Identifier: Apache-2.0
#include "experiments/record/known_subjects.h"

#include <cctype>

#include "experiments/program/digest.h"

namespace cg {
namespace {

constexpr std::size_t digits = 16;  // 64 bits: among a million maps, two agree by chance with a probability of 3e-8

}  // namespace

std::string id_digest(const std::string& id) {
  std::string letters;
  for (const char c : id.starts_with("sub-") ? id.substr(4) : id)
    if (std::isalnum(static_cast<unsigned char>(c)) || static_cast<unsigned char>(c) >= 0x80) letters += c;
  return sha256(letters).substr(0, digits);
}

std::string short_map_digest(const std::string& map_digest) { return map_digest.substr(0, digits); }

KnownSubjects known_subjects(const Cohort& cohort) {
  PartDigests train;
  for (const Index i : cohort.split.train) {
    train.ids.insert(id_digest(cohort.file->subject(i).id));
    train.maps.insert(short_map_digest(cohort.maps->digests().at(static_cast<std::size_t>(i))));
  }
  return {{"train", train}};
}

std::optional<Recognised> recognised(const KnownSubjects& known, const std::string& id, const std::string& map) {
  for (const auto& [part, digests] : known)
    if (digests.maps.contains(short_map_digest(map))) return Recognised{part, true};
  for (const auto& [part, digests] : known)
    if (digests.ids.contains(id_digest(id))) return Recognised{part, false};
  return std::nullopt;
}

}  // namespace cg
