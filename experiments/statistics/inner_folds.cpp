// SPDX-License-Identifier: Apache-2.0
#include "experiments/statistics/inner_folds.h"

#include <algorithm>
#include <numeric>

#include "tensor/random.h"

namespace cg {
namespace {

/// The rows by age; equal ages by their features, so that the result does not depend on the order of the rows.
std::vector<Index> by_age(const FeatureRows& f, std::span<const double> ages) {
  std::vector<Index> order(static_cast<std::size_t>(f.rows));
  std::iota(order.begin(), order.end(), Index{0});
  const auto row = [&](Index i) {
    return f.values.subspan(static_cast<std::size_t>(i * f.columns), static_cast<std::size_t>(f.columns));
  };
  std::stable_sort(order.begin(), order.end(), [&](Index a, Index b) {
    const double age_a = ages[static_cast<std::size_t>(a)], age_b = ages[static_cast<std::size_t>(b)];
    return age_a != age_b ? age_a < age_b : std::ranges::lexicographical_compare(row(a), row(b));
  });
  return order;
}

/// Of every five rows one in each fold, in a random order.
std::vector<Index> stratified(Index n, std::uint64_t seed) {
  Random random({.seed = seed, .use = Use::split});
  std::vector<Index> fold;
  while (static_cast<Index>(fold.size()) < n)
    for (const Index k : random.permutation(inner_fold_count))
      if (static_cast<Index>(fold.size()) < n) fold.push_back(k);
  return fold;
}

/// The first n mod 5 folds have one row more.
std::vector<Index> contiguous(Index n) {
  std::vector<Index> fold;
  for (Index k = 0; k < inner_fold_count; ++k)
    fold.insert(fold.end(), static_cast<std::size_t>(n / inner_fold_count + (k < n % inner_fold_count ? 1 : 0)), k);
  return fold;
}

void add_row(SubjectRows& to, const FeatureRows& from, Index row, double age) {
  const auto begin = from.values.begin() + row * from.columns;
  to.values.insert(to.values.end(), begin, begin + from.columns);
  to.ages.push_back(age);
}

}  // namespace

SubjectRows FoldedRows::select(Index k, bool is_inside) const {
  SubjectRows out{{}, {}, all.columns};
  for (std::size_t i = 0; i < fold.size(); ++i)
    if ((fold[i] == k) == is_inside) add_row(out, all.rows(), static_cast<Index>(i), all.ages[i]);
  return out;
}

FoldedRows fold_rows(const FeatureRows& features, std::span<const double> ages, InnerFolds kind, std::uint64_t seed) {
  FoldedRows out{{{}, {}, features.columns}, {}, {}};
  if (kind == InnerFolds::stratified) {
    out.order = by_age(features, ages);
    out.fold = stratified(features.rows, seed);
  } else {
    out.order.resize(static_cast<std::size_t>(features.rows));
    std::iota(out.order.begin(), out.order.end(), Index{0});
    out.fold = contiguous(features.rows);
  }
  for (const Index i : out.order) add_row(out.all, features, i, ages[static_cast<std::size_t>(i)]);
  return out;
}

}  // namespace cg
