// Embeddings to try the losses with, and gradients by other means than the hand-written one: dual numbers and finite
// differences.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "losses/dynlocrep.h"
#include "losses/exponential.h"
#include "losses/nnclr.h"
#include "losses/rank_n_contrast.h"
#include "losses/simclr.h"
#include "losses/sup_con.h"
#include "losses/threshold.h"
#include "losses/y_aware.h"
#include "tensor/random.h"

namespace cg::test {

/// A batch that owns its numbers.
struct Batch {
  std::vector<double> z, ages;
  Index views = 2, neighbours = 0, epoch = 1;
  std::vector<double> predictions, queue;

  LossInput input() const {
    return {.z = z,
            .ages = ages,
            .views = views,
            .epoch = epoch,
            .neighbours = neighbours,
            .predictions = predictions,
            .queue = queue};
  }
  Index rows() const { return static_cast<Index>(ages.size()); }
  Index dims() const { return static_cast<Index>(z.size() / ages.size()); }
  double* row(Index i) { return z.data() + i * dims(); }
};

/// Random rows of length 1.
inline std::vector<double> unit_rows(Random& random, Index rows, Index dims) {
  std::vector<double> all;
  for (Index i = 0; i < rows; ++i) {
    Row row(dims);
    for (double& x : row) x = random.normal();
    row /= std::sqrt(row.square().sum());
    all.insert(all.end(), row.begin(), row.end());
  }
  return all;
}

/// Random unit rows, predictions and a queue of 7; the views of a subject share an age between 50 and 56 years.
inline Batch random_batch(std::uint64_t seed, Index batch, Index views, Index dims) {
  Random random({.seed = seed});
  Batch b{.z = {}, .ages = {}, .views = views, .predictions = {}, .queue = {}};
  for (Index i = 0; i < batch; ++i) b.ages.push_back(50 + 6 * random.uniform());
  for (Index v = 1; v < views; ++v) b.ages.insert(b.ages.end(), b.ages.begin(), b.ages.begin() + batch);
  b.z = unit_rows(random, batch * views, dims);
  b.predictions = unit_rows(random, batch * views, dims);
  b.queue = unit_rows(random, 7, dims);
  return b;
}

/// Calls f.operator()<L>() for every loss L.
template <class F>
void for_every_loss(const F& f) {
  f.template operator()<DynLocRep>();
  f.template operator()<Exponential>();
  f.template operator()<Nnclr>();
  f.template operator()<RankNContrast>();
  f.template operator()<SimClr>();
  f.template operator()<SupCon>();
  f.template operator()<Threshold>();
  f.template operator()<YAware>();
}

/// What a loss is differentiated by: the embeddings, or the predictions made from them.
template <RowLoss L>
Eigen::Map<const Array> variable_of(const L&, const LossInput& in) {
  const auto z = embeddings(in);
  return {std::same_as<L, Nnclr> ? in.predictions.data() : z.data(), z.rows(), z.cols()};
}

/// The similarities that the registry gives a loss.
template <RowLoss L>
auto similarity_of(const L& loss, const LossInput& in) {
  const double tau = loss.options.temperature;
  if constexpr (std::same_as<L, RankNContrast>) {
    return NegativeDistance{tau};
  } else if constexpr (std::same_as<L, Nnclr>) {
    const Index dims = embeddings(in).cols();
    const Eigen::Map<const Array> queue(in.queue.data(), static_cast<Index>(in.queue.size()) / dims, dims);
    return ToConstantRows{nearest_rows(embeddings(in), queue), tau};
  } else {
    return InnerProduct{tau};
  }
}

/// The gradient written by hand.
template <RowLoss L>
std::vector<double> hand_gradient(const L& loss, const LossInput& in) {
  return evaluate_rows(loss, similarity_of(loss, in), variable_of(loss, in), in).gradient;
}

/// The gradient by dual numbers through similarity and formula, one entry of the variable after the other.
template <RowLoss L, Similarity M>
std::vector<double> dual_gradient(const L& loss, const M& similarity, const LossInput& in) {
  const auto pairs = loss.pairs(in);
  ArrayOf<Dual> z = variable_of(loss, in).template cast<Dual>();
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

template <RowLoss L>
std::vector<double> dual_gradient(const L& loss, const LossInput& in) {
  return dual_gradient(loss, similarity_of(loss, in), in);
}

/// The gradient by central differences with the pairs held where they are.
template <RowLoss L>
std::vector<double> difference_gradient(const L& loss, const LossInput& in) {
  const auto pairs = loss.pairs(in);
  const auto similarity = similarity_of(loss, in);
  Array z = variable_of(loss, in);
  const auto value = [&] {
    const Array s = similarity.template of<double>(z);
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

/// The largest difference between two lists; NaN where one is, infinite where one list is the longer.
inline double largest_difference(const std::vector<double>& got, const std::vector<double>& want) {
  if (got.size() != want.size()) return std::numeric_limits<double>::infinity();
  double worst = 0;
  for (std::size_t i = 0; i < want.size(); ++i) {
    const double off = std::abs(got[i] - want[i]);
    if (std::isnan(off)) return off;
    worst = std::max(worst, off);
  }
  return worst;
}

/// The same relative to the largest entry of the second.
inline double relative_difference(const std::vector<double>& got, const std::vector<double>& want) {
  double largest = 0;
  for (const double x : want) largest = std::max(largest, std::abs(x));
  const double worst = largest_difference(got, want);
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

/// All settings of a loss that change its formula.
inline std::vector<LossOptions> every_setting(const std::string& name) {
  const double none = std::numeric_limits<double>::infinity();
  const bool weighs =
      name != SimClr::name && name != SupCon::name && name != RankNContrast::name && name != Nnclr::name;
  const auto first_unless = [](bool varies, auto values) {
    values.resize(varies ? values.size() : 1);
    return values;
  };
  using enum Distance;
  std::vector<LossOptions> all;
  for (const auto formulation : {Formulation::printed, Formulation::published})
    for (const auto kernel : first_unless(weighs, std::vector{AgeKernel::rbf, AgeKernel::gaussian, AgeKernel::cauchy}))
      for (const auto distance :
           first_unless(name == DynLocRep::name, std::vector{manhattan, euclidean, chebyshev, cosine}))
        for (const double far : first_unless(name == DynLocRep::name, std::vector{none, 0.0, 0.5, 1.0, 4.0}))
          for (const auto delta : first_unless(name == Threshold::name && formulation == Formulation::published,
                                               std::vector{DeltaReduction::sum, DeltaReduction::mean}))
            for (const double bin : first_unless(name == SupCon::name, std::vector{10.0, 2.0, 0.0}))
              all.push_back({.name = name,
                             .formulation = formulation,
                             .kernel = kernel,
                             .temperature = name == RankNContrast::name ? 2 : 0.1,
                             .distance = distance,
                             .far_decay = far,
                             .delta_reduction = delta,
                             .bin_width = bin});
  return all;
}

/// A setting in words, for a test's message.
inline std::string describe(const LossOptions& o) {
  return fmt::format("{}: formulation {}, kernel {}, distance {}, far_decay {}, delta {}, bin {}", o.name,
                     static_cast<int>(o.formulation), static_cast<int>(o.kernel), static_cast<int>(o.distance),
                     o.far_decay, static_cast<int>(o.delta_reduction), o.bin_width);
}

}  // namespace cg::test
