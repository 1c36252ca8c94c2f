// SPDX-License-Identifier: Apache-2.0
#include "losses/threshold.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "tensor/error.h"

namespace cg {
namespace {

constexpr double most_weight = 1e6;  // in training: a larger pull leaves nothing of the others' in float32

}  // namespace

Threshold::Pairs Threshold::pairs(const LossInput& in) const {
  check_someone_to_repel(name, in, 2);
  const WeightPrecision precision = shared.published() ? own.weight_precision : WeightPrecision::float64;
  Pairs p{pull(in, shared, temperature_of(*this), Normaliser::anchor, precision), {}, {}};
  std::vector<double> ages(in.ages.begin(), in.ages.end());  // as the weights see them: a weight falls as they part
  if (precision == WeightPrecision::float32) std::ranges::transform(ages, ages.begin(), nearest_float);
  p.ranking = rank_by_age(ages, p.w, Compared::farther);
  if (shared.published())
    count_comparisons(p);
  else
    divide_by_the_far(in, p);
  return p;
}

void Threshold::divide_by_the_far(const LossInput& in, Pairs& p) const {
  p.a.setZero();
  Row farther(in.rows());  // Σ w_it over the first 1, 2, … of the order: from the smallest weight up
  for (Index i = 0; i < in.rows(); ++i) {
    double sum = 0;
    for (Index place = 0; place < p.ranking.order.cols(); ++place) {
      const Index k = p.ranking.order(i, place), reach = p.ranking.reach(i, place);
      farther[place] = sum += p.w(i, k);
      if (reach > 0) p.a(i, k) = p.w(i, k) / farther[reach - 1];
    }
  }
  const double largest = p.a.maxCoeff();
  if (std::isfinite(largest) && !(in.training && largest > most_weight)) return;
  fail(in.training ? ErrorKind::usage : ErrorKind::numbers, std::string("loss.") + name,
       fmt::format("a weight is {:.3g}, {}: the printed formulation divides by the weights of the rows farther away",
                   largest, in.training ? "expected at most 1e6 in training" : "expected a finite number"),
       "Set loss.formulation = \"published\", or increase loss.sigma");
}

void Threshold::count_comparisons(Pairs& p) const {
  const Index n = p.w.rows();
  Array c = Array::Zero(n, n);
  for (Index t = 0; t < n; ++t)
    for (Index place = 0; place < p.ranking.order.cols(); ++place)
      c(p.ranking.order(t, place), t) = p.ranking.reach(t, place);
  if (own.delta_reduction == DeltaReduction::mean) c /= static_cast<double>(n);
  p.log_c = c.log();
  for (Index i = 0; i < n; ++i)
    if (repels_none(p, i)) p.a.row(i).setZero();
}

}  // namespace cg
