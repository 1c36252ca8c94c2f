// SPDX-License-Identifier: Apache-2.0
#include "experiments/record/shared_subjects.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "experiments/record/trained_model.h"
#include "tensor/error.h"

namespace cg {
namespace {

std::string listed(const std::vector<std::string>& ids) {
  constexpr std::size_t most = 10;
  std::string text;
  for (std::size_t k = 0; k < std::min(ids.size(), most); ++k) text += (k ? ", " : "") + ids[k];
  return ids.size() > most ? text + fmt::format(" and {} more", ids.size() - most) : text;
}

void forget_ids(KnownSubjects& known) {
  for (auto& part : known) part.second.ids.clear();
}

/// The subjects that a weights file names. No value if it names none. Errors: corrupt.
std::optional<KnownSubjects> known_subjects_of(const Pretrained& weights) {
  const auto text = weights.texts.find(prediction_text);
  if (text == weights.texts.end()) return std::nullopt;
  return subjects_from_json(weights.path, text->second);
}

}  // namespace

std::string check_shared_subjects(const Pretrained& weights, EqualIds equal_ids, const Cohort& cohort) {
  auto known = known_subjects_of(weights);
  if (!known)
    return "not checked: the weights file does not name the subjects that it was trained on. Make sure that none of "
           "them is in the test part.";
  if (equal_ids == EqualIds::other_person) forget_ids(*known);
  std::vector<std::string> maps, ids;
  for (const Index i : cohort.split.test) {
    const Subject& subject = cohort.file->subject(i);
    if (const auto found = recognised(*known, subject, cohort.maps->digests().at(static_cast<std::size_t>(i))))
      (found->by_map ? maps : ids).push_back(subject.id);
  }
  if (maps.empty() && ids.empty())
    return equal_ids == EqualIds::same_person ? "no subject of the test part was in the training of the weights"
                                              : "no map of the test part was in the training of the weights";
  std::string found = fmt::format(
      "{} was trained on {} of the {} subjects of the test part, whose errors would be too "
      "small",
      weights.path, maps.size() + ids.size(), cohort.split.test.size());
  if (!maps.empty()) found += "; the same map: " + listed(maps);
  if (!ids.empty()) found += "; the same id: " + listed(ids);
  fail(ErrorKind::usage, "pretrained.weights", found,
       fmt::format("Leave these subjects out of the pre-training cohort (import_cohort --not-in), or test others "
                   "(data.split){}",
                   ids.empty() ? ""
                               : "; if they are other persons who have the same ids by chance, set "
                                 "pretrained.equal_ids = \"other_person\""));
}

KnownSubjects with_pretraining(KnownSubjects known, const Pretrained* weights, EqualIds equal_ids) {
  if (!weights) return known;
  auto before = known_subjects_of(*weights);
  if (!before) return known;
  if (equal_ids == EqualIds::other_person) forget_ids(*before);
  PartDigests& all = known["pretraining"];
  for (auto& part : *before) {
    all.ids.merge(part.second.ids);
    all.maps.merge(part.second.maps);
  }
  return known;
}

}  // namespace cg
