// Embeddings to try the losses with, and gradients by other means than the hand-written one: dual numbers and finite
// differences.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "losses/dynlocrep.h"
#include "losses/exponential.h"
#include "losses/y_aware.h"
#include "tensor/random.h"

namespace cg::test {

/// A batch that owns its numbers.
struct Batch {
  std::vector<double> z, ages;
  Index views = 2, neighbours = 0, epoch = 1;

  LossInput input() const { return {.z = z, .ages = ages, .views = views, .epoch = epoch, .neighbours = neighbours}; }
  Index rows() const { return static_cast<Index>(ages.size()); }
  Index dims() const { return static_cast<Index>(z.size() / ages.size()); }
  double* row(Index i) { return z.data() + i * dims(); }
};

/// Random unit rows; the views of a subject share an age between 50 and 56 years.
inline Batch random_batch(std::uint64_t seed, Index batch, Index views, Index dims) {
  Random random({.seed = seed});
  Batch b{.z = {}, .ages = {}, .views = views};
  for (Index i = 0; i < batch; ++i) b.ages.push_back(50 + 6 * random.uniform());
  for (Index v = 1; v < views; ++v) b.ages.insert(b.ages.end(), b.ages.begin(), b.ages.begin() + batch);
  for (Index i = 0; i < batch * views; ++i) {
    Row row(dims);
    for (double& x : row) x = random.normal();
    row /= std::sqrt(row.square().sum());
    b.z.insert(b.z.end(), row.begin(), row.end());
  }
  return b;
}

/// dL/dz by dual numbers through similarity and formula, one entry of z after the other.
template <RowLoss L, Similarity M>
std::vector<double> dual_gradient(const L& loss, const M& similarity, const LossInput& in) {
  const auto pairs = loss.pairs(in);
  ArrayOf<Dual> z = embeddings(in).template cast<Dual>();
  std::vector<double> gradient;
  for (Index entry = 0; entry < z.size(); ++entry) {
    z.data()[entry].d = 1;
    const ArrayOf<Dual> s = similarity.template of<Dual>(z);
    double d = 0;
    for (Index i = 0; i < z.rows(); ++i) d += loss.template value<Dual>(pairs, i, s.row(i)).d;
    gradient.push_back(d);
    z.data()[entry].d = 0;
  }
  return gradient;
}

/// dL/dz by central differences with the pairs held where they are.
template <RowLoss L>
std::vector<double> difference_gradient(const L& loss, const InnerProduct& similarity, const LossInput& in) {
  const auto pairs = loss.pairs(in);
  Array z = embeddings(in);
  const auto value = [&] {
    const Array s = similarity.of<double>(z);
    double sum = 0;
    for (Index i = 0; i < z.rows(); ++i) sum += loss.template value<double>(pairs, i, s.row(i));
    return sum;
  };
  constexpr double step = 1e-5;  // truncation step²/τ³ ~ 1e-7 of a value, rounding 1e-16/step ~ 1e-11 of it
  std::vector<double> gradient;
  for (Index entry = 0; entry < z.size(); ++entry) {
    const double at = z.data()[entry];
    z.data()[entry] = at + step;
    const double above = value();
    z.data()[entry] = at - step;
    const double below = value();
    z.data()[entry] = at;
    gradient.push_back((above - below) / (2 * step));
  }
  return gradient;
}

/// The largest difference between two lists, relative to the largest entry of the second; NaN where one is.
inline double relative_difference(const std::vector<double>& got, const std::vector<double>& want) {
  if (got.size() != want.size()) return std::numeric_limits<double>::infinity();
  double worst = 0, largest = 0;
  for (std::size_t i = 0; i < want.size(); ++i) {
    const double off = std::abs(got[i] - want[i]);
    if (std::isnan(off)) return off;
    worst = std::max(worst, off);
    largest = std::max(largest, std::abs(want[i]));
  }
  return largest == 0 ? worst : worst / largest;
}

/// ‖got − want‖₂ / ‖want‖₂.
inline double relative_l2(const std::vector<double>& got, const std::vector<double>& want) {
  double off = 0, size = 0;
  for (std::size_t i = 0; i < want.size(); ++i) {
    off += (got[i] - want[i]) * (got[i] - want[i]);
    size += want[i] * want[i];
  }
  return std::sqrt(off / size);
}

/// All settings of a loss that change its formula. Distance and decay are DynLocRep's.
inline std::vector<LossOptions> every_setting(const std::string& name) {
  const bool local = name == DynLocRep::name;
  const double none = std::numeric_limits<double>::infinity();
  std::vector<LossOptions> all;
  for (const auto formulation : {Formulation::paper, Formulation::reference})
    for (const auto kernel : {AgeKernel::rbf, AgeKernel::gaussian, AgeKernel::cauchy})
      for (const auto distance : {Distance::manhattan, Distance::euclidean, Distance::chebyshev, Distance::cosine})
        for (const double far : {none, 0.0, 0.5, 1.0, 4.0})
          if (local || (distance == Distance::manhattan && far == none))
            all.push_back({.name = name,
                           .formulation = formulation,
                           .kernel = kernel,
                           .sigma = 2,
                           .distance = distance,
                           .far_decay = far});
  return all;
}

/// A setting in words, for a test's message.
inline std::string describe(const LossOptions& o) {
  return fmt::format("{}: formulation {}, kernel {}, distance {}, far_decay {}", o.name,
                     static_cast<int>(o.formulation), static_cast<int>(o.kernel), static_cast<int>(o.distance),
                     o.far_decay);
}

/// The loss over inner products, as the registry makes it.
template <RowLoss L>
SimilarityLoss<L> over_inner_products(const L& loss) {
  return {loss, InnerProduct{loss.options.temperature}};
}

}  // namespace cg::test
