// SPDX-License-Identifier: Apache-2.0
#include "experiments/record/known_subjects.h"

#include <vector>

#include "data/files/digest.h"

namespace cg {
namespace {

constexpr std::size_t digits = 16;  // 64 bits: among a million maps, two agree by chance with a probability of 3e-8

/// The subject's id, and the person's: another session of a person has another id.
std::vector<std::string> names_of(const Subject& subject) {
  if (subject.person.empty()) return {subject.id};
  return {subject.id, subject.person};
}

}  // namespace

std::string id_digest(const std::string& id) { return sha256(letters_of_id(id)).substr(0, digits); }

std::string short_map_digest(const std::string& map_digest) { return map_digest.substr(0, digits); }

KnownSubjects known_subjects(const Cohort& cohort) {
  const auto digests_of = [&](const std::vector<Index>& part) {
    PartDigests out;
    for (const Index i : part) {
      for (const std::string& name : names_of(cohort.file->subject(i))) out.ids.insert(id_digest(name));
      out.maps.insert(short_map_digest(cohort.maps->digests().at(static_cast<std::size_t>(i))));
    }
    return out;
  };
  KnownSubjects out = {{"train", digests_of(cohort.split.train)}};
  if (!cohort.split.validation.empty()) out["validation"] = digests_of(cohort.split.validation);
  return out;
}

std::optional<Recognised> recognised(const KnownSubjects& known, const Subject& subject, const std::string& map) {
  std::vector<std::string> parts;  // the training part first: what is in it and in others is of it
  for (const auto& part : known)
    if (part.first != "train") parts.push_back(part.first);
  if (known.contains("train")) parts.insert(parts.begin(), "train");
  for (const std::string& part : parts)
    if (known.at(part).maps.contains(short_map_digest(map))) return Recognised{part, true};
  for (const std::string& part : parts)
    for (const std::string& name : names_of(subject))
      if (known.at(part).ids.contains(id_digest(name))) return Recognised{part, false};
  return std::nullopt;
}

}  // namespace cg
