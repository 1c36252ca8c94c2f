// SPDX-License-Identifier: Apache-2.0
#include "data/subject_order.h"

#include <map>
#include <string>

namespace cg {
namespace {

std::vector<Index> shuffled(const std::vector<Index>& subjects, Random& random) {
  std::vector<Index> out;
  for (const Index place : random.permutation(static_cast<Index>(subjects.size())))
    out.push_back(subjects[static_cast<std::size_t>(place)]);
  return out;
}

/// One study's subjects, given in rounds.
struct Study {
  std::vector<Index> subjects, left;  // `left`: still to come in this round, taken from the end
  Index next(Random& random) {
    if (left.empty()) left = shuffled(subjects, random);
    const Index subject = left.back();
    left.pop_back();
    return subject;
  }
};

}  // namespace

std::vector<Index> epoch_order(const std::vector<Index>& subjects, const Dataset& dataset, SubjectOrder order,
                               Random& random) {
  if (order == SubjectOrder::shuffled) return shuffled(subjects, random);
  std::map<std::string, Study> by_name;
  for (const Index i : subjects) by_name[dataset.subject(i).study].subjects.push_back(i);
  std::vector<Study> studies;
  for (auto& [name, study] : by_name) studies.push_back(std::move(study));
  std::vector<Index> out;
  while (out.size() < subjects.size())
    for (const Index s : random.permutation(static_cast<Index>(studies.size())))
      if (out.size() < subjects.size()) out.push_back(studies[static_cast<std::size_t>(s)].next(random));
  return out;
}

}  // namespace cg
