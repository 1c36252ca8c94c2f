// SPDX-License-Identifier: Apache-2.0
// The folds inside the training part: a predictor's penalty is chosen on them, and the age bias is measured on them.
#pragma once

#include <span>
#include <vector>

#include "experiments/statistics/feature_rows.h"

namespace cg {

constexpr Index inner_fold_count = 5;
constexpr Index fewest_subjects = 2 * inner_fold_count;  ///< that a predictor is fitted on: R² needs two in each fold

enum class InnerFolds {
  stratified,  ///< drawn from the seed; every fold has young and old subjects; no matter in which order the rows are
  contiguous,  ///< the rows in their order, as scikit-learn's KFold without shuffling
};

/// Features [n, columns], row-major, and ages [n] of some subjects.
struct SubjectRows {
  std::vector<double> values, ages;
  Index columns = 0;
  FeatureRows rows() const { return {values, static_cast<Index>(ages.size()), columns}; }
};

/// A training part divided into folds.
struct FoldedRows {
  SubjectRows all;           ///< stratified: by age, equal ages by their features; contiguous: as given
  std::vector<Index> order;  ///< row k of `all` is row order[k] of what was given
  std::vector<Index> fold;   ///< of each row of `all`, 0 … 4

  SubjectRows inside(Index k) const { return select(k, true); }    ///< the rows of fold k
  SubjectRows outside(Index k) const { return select(k, false); }  ///< all other rows

 private:
  SubjectRows select(Index k, bool is_inside) const;
};

/// Divides rows [n, p] with ages [n]. Folds differ by at most one row. Stratified: of every five rows next to each
/// other in age, one is in each fold.
FoldedRows fold_rows(const FeatureRows& features, std::span<const double> ages, InnerFolds kind, std::uint64_t seed);

}  // namespace cg
