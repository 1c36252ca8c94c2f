// SPDX-License-Identifier: Apache-2.0
#include "data/split.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <random>
#include <tuple>

#include "tensor/error.h"
#include "tensor/random.h"

namespace cg {
namespace {

/// A number in 0 … most as numpy's legacy generator draws it: the bits under the smallest mask, again if above `most`.
std::uint32_t draw(std::mt19937& generator, std::uint32_t most) {
  std::uint32_t mask = most;
  for (int shift = 1; shift < 32; shift *= 2) mask |= mask >> shift;
  std::uint32_t value;
  do value = static_cast<std::uint32_t>(generator()) & mask;
  while (value > most);
  return value;
}

void check_folds(Index n, Index folds, Index fold, const char* of) {
  if (folds < 2 || folds > n || fold < 0 || fold >= folds)
    fail(ErrorKind::usage, "split", fmt::format("fold {} of {} folds does not exist for {} {}", fold, folds, n, of),
         fmt::format("Choose 2 folds or more, and not more folds than {}.", of));
}

/// A person's subjects (scans), and what strata look at.
struct Person {
  std::string name;  ///< Subject::person
  std::string study;
  double age = 0;  ///< mean of the scans
  std::vector<Index> subjects;
};

/// The persons of some subjects, in the order of the strata: by study, age and name.
std::vector<Person> persons_of(const Dataset& dataset, const std::vector<Index>& subjects, const Strata& strata) {
  std::map<std::string, Person> by_name;
  for (const Index i : subjects) {
    const Subject& s = dataset.subject(i);
    Person& p = by_name[s.person];
    p.name = s.person;
    p.study = s.study;
    p.subjects.push_back(i);
  }
  std::vector<Person> all;
  for (auto& [name, person] : by_name) {
    for (const Index i : person.subjects)
      person.age += dataset.subject(i).age / static_cast<double>(person.subjects.size());
    all.push_back(std::move(person));
  }
  const auto key = [&](const Person& p) {
    return std::tuple(strata.study ? p.study : "", strata.age ? p.age : 0, p.name);
  };
  std::ranges::sort(all, [&](const Person& a, const Person& b) { return key(a) < key(b); });
  return all;
}

/// Without strata: in random order, so that neighbours have nothing in common.
void mix(std::vector<Person>& persons, const Strata& strata, Random& random) {
  if (strata.age || strata.study) return;
  std::vector<Person> mixed;
  for (const Index k : random.permutation(static_cast<Index>(persons.size())))
    mixed.push_back(std::move(persons[static_cast<std::size_t>(k)]));
  persons = std::move(mixed);
}

void add(std::vector<Index>& part, const Person& person) {
  part.insert(part.end(), person.subjects.begin(), person.subjects.end());
}

void sort_parts(Split& split) {
  for (std::vector<Index>* part : {&split.train, &split.validation, &split.test}) std::ranges::sort(*part);
}

bool contains(const std::vector<std::string>& words, const std::string& word) {
  return std::ranges::find(words, word) != words.end();
}

}  // namespace

Split split_folds(Index n, Index folds, Index fold, std::uint32_t seed) {
  check_folds(n, folds, fold, "subjects");
  std::vector<Index> order(static_cast<std::size_t>(n));
  std::iota(order.begin(), order.end(), Index{0});
  std::mt19937 generator(seed);
  for (std::size_t i = order.size() - 1; i > 0; --i)
    std::swap(order[i], order[draw(generator, static_cast<std::uint32_t>(i))]);
  const Index size = n / folds, larger = n % folds, begin = fold * size + std::min(fold, larger);
  const Index end = begin + size + (fold < larger ? 1 : 0);
  Split split;
  for (Index i = 0; i < n; ++i)
    (i >= begin && i < end ? split.test : split.train).push_back(order[static_cast<std::size_t>(i)]);
  std::sort(split.train.begin(), split.train.end());
  std::sort(split.test.begin(), split.test.end());
  return split;
}

Split split_persons(const Dataset& dataset, Index folds, Index fold, std::uint64_t seed, const Strata& strata) {
  std::vector<Person> persons = persons_of(dataset, all_subjects(dataset), strata);
  const auto n = static_cast<Index>(persons.size());
  check_folds(n, folds, fold, "persons");
  Random random({.seed = seed, .use = Use::split});
  mix(persons, strata, random);
  Split split;
  for (Index first = 0; first < n; first += folds) {
    const std::vector<Index> order = random.permutation(folds);
    for (Index k = 0; k < std::min(folds, n - first); ++k)
      add(order[static_cast<std::size_t>(k)] == fold ? split.test : split.train,
          persons[static_cast<std::size_t>(first + k)]);
  }
  sort_parts(split);
  return split;
}

Split split_by_values(const std::vector<std::string>& values, const std::vector<std::string>& test,
                      const std::vector<std::string>& validation) {
  Split split;
  for (std::size_t i = 0; i < values.size(); ++i) {
    std::vector<Index>& part = contains(test, values[i])         ? split.test
                               : contains(validation, values[i]) ? split.validation
                                                                 : split.train;
    part.push_back(static_cast<Index>(i));
  }
  const auto check = [&](const char* key, const std::vector<std::string>& listed) {
    for (const std::string& value : listed)
      if (!contains(values, value))
        fail(ErrorKind::usage, key, fmt::format("no subject has the value \"{}\" in data.split_column", value),
             "Choose values that the column of the cohort file contains");
  };
  check("data.test_values", test);
  check("data.validation_values", validation);
  if (split.train.empty() || split.test.empty())
    fail(ErrorKind::usage, "data.test_values",
         fmt::format("the training part has {} subjects, and the test part has {}", split.train.size(),
                     split.test.size()),
         "Choose values that some subjects have, but not all");
  return split;
}

Split split_by_ids(const Dataset& dataset, const std::vector<std::string>& test) {
  std::map<std::string, Index> by_id;
  for (Index i = 0; i < dataset.size(); ++i) by_id[dataset.subject(i).id] = i;
  Split split;
  for (const std::string& id : test) {
    const auto found = by_id.find(id);
    if (found == by_id.end())
      fail(ErrorKind::usage, "data.test_ids", fmt::format("\"{}\" is not in the cohort, or is listed twice", id),
           "List each id once, as the cohort file writes the id");
    split.test.push_back(found->second);
    by_id.erase(found);
  }
  for (const auto& [id, i] : by_id) split.train.push_back(i);
  if (split.train.empty() || split.test.empty())
    fail(ErrorKind::usage, "data.test_ids",
         fmt::format("the training part has {} subjects, and the test part has {}", split.train.size(),
                     split.test.size()),
         "List some subjects, not all");
  sort_parts(split);
  return split;
}

void hold_out_validation(Split& split, const Dataset& dataset, double share, std::uint64_t seed, const Strata& strata) {
  std::vector<Person> persons = persons_of(dataset, split.train, strata);
  const auto n = static_cast<Index>(persons.size()),
             held = static_cast<Index>(std::lround(share * static_cast<double>(n)));
  if (held < 1 || held >= n)
    fail(ErrorKind::usage, "data.validation",
         fmt::format("the validation part would have {} of the {} persons of the training part", held, n),
         "Choose a share that leaves persons for training and for validation");
  Random random({.seed = seed, .epoch = 1, .use = Use::split});
  mix(persons, strata, random);
  split.train.clear();
  Index first = 0;
  for (Index k = 0; k < held; ++k) {  // one of each of `held` blocks
    const Index after = (k + 1) * n / held, chosen = first + random.below(after - first);
    for (Index p = first; p < after; ++p)
      add(p == chosen ? split.validation : split.train, persons[static_cast<std::size_t>(p)]);
    first = after;
  }
  sort_parts(split);
}

void check_persons(const Split& split, const Dataset& dataset) {
  std::map<std::string, std::pair<const char*, Index>> part_of;
  const auto check = [&](const char* part, const std::vector<Index>& subjects) {
    for (const Index i : subjects) {
      const auto [at, fresh] = part_of.try_emplace(dataset.subject(i).person, part, i);
      if (!fresh && at->second.first != part)
        fail(ErrorKind::usage, "data.split",
             fmt::format("\"{}\" is in the {} part and \"{}\", a scan of the same person, in the {} part",
                         dataset.subject(at->second.second).id, at->second.first, dataset.subject(i).id, part),
             "Set data.split = \"persons\", which keeps all scans of a person in one part");
    }
  };
  check("training", split.train);
  check("validation", split.validation);
  check("test", split.test);
}

}  // namespace cg
