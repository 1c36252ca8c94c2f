// SPDX-License-Identifier: Apache-2.0
#include "experiments/training/planned_split.h"

#include <string>
#include <vector>

#include "data/split.h"

namespace cg {
namespace {

/// Subjects of which only the number is known, each another person.
class NumberedSubjects : public Dataset {
 public:
  explicit NumberedSubjects(Index n) {
    for (Index i = 0; i < n; ++i) {
      const std::string name = std::to_string(i);
      subjects_.push_back({.id = name, .sex = "", .study = "", .person = name});
    }
  }
  Index size() const override { return static_cast<Index>(subjects_.size()); }
  const Subject& subject(Index i) const override { return subjects_[static_cast<std::size_t>(i)]; }
  Shape volume_shape() const override { return {}; }
  Volume volume(Index) const override { return {}; }

 private:
  std::vector<Subject> subjects_;
};

}  // namespace

std::optional<Index> planned_training_size(const DataOptions& o) {
  if (o.split == SplitBy::column || o.split == SplitBy::ids) return std::nullopt;
  const NumberedSubjects all(o.phantom.subjects);
  const auto seed = static_cast<std::uint64_t>(o.split_seed);
  const Strata strata{.age = !o.stratify.empty()};  // sizes depend on whether there are strata, not on which
  Split split = o.split == SplitBy::rows
                    ? split_folds(all.size(), o.folds, o.fold, static_cast<std::uint32_t>(o.split_seed))
                    : split_persons(all, o.folds, o.fold, seed, strata);
  if (o.validation > 0) hold_out_validation(split, all, o.validation, seed, strata);
  return static_cast<Index>(split.train.size());
}

}  // namespace cg
