// SPDX-License-Identifier: Apache-2.0
// Embeddings to try the losses with, and gradients by other means than the hand-written one: dual numbers and finite
// differences.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <sstream>

#include "losses/all.h"
#include "losses/registry.h"
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

/// Random unit rows, predictions and a queue of 7. Ages are between 50 and 56 years, and `apart` more for every second
/// subject: near and far ages for every loss. With 0, no weight of an age is small beside another. The views of a
/// subject share an age.
inline Batch random_batch(std::uint64_t seed, Index batch, Index views, Index dims, double apart = 20) {
  Random random({.seed = seed});
  Batch b{.z = {}, .ages = {}, .views = views, .predictions = {}, .queue = {}};
  for (Index i = 0; i < batch; ++i) b.ages.push_back(50 + (i % 2 ? apart : 0) + 6 * random.uniform());
  for (Index v = 1; v < views; ++v) b.ages.insert(b.ages.end(), b.ages.begin(), b.ages.begin() + batch);
  b.z = unit_rows(random, batch * views, dims);
  b.predictions = unit_rows(random, batch * views, dims);
  b.queue = unit_rows(random, 7, dims);
  return b;
}

/// What a loss L holds constant, as far as it says something of its formula.
template <class L>
using PairsOf = decltype(std::declval<const L>().pairs(LossInput()));
template <class L>
concept Weighs = requires(PairsOf<L> p) {
  p.w;
};
template <class L>
concept Selects = requires(PairsOf<L> p) {
  p.log_nu;
};
template <class L>
concept Counts = requires(PairsOf<L> p) {
  p.log_c;
};
template <class L>
concept Shifts = requires(const L loss, RowView<double> s) {
  loss.template shift<double>(s);
};

/// A loss by its type, with the options that it reads.
template <LossType L>
L loss_of(const LossOptions& options) {
  return {options.shared, options.own.of<L>()};
}

/// The gradient written by hand.
template <RowLoss L>
std::vector<double> hand_gradient(const L& loss, const LossInput& in) {
  return evaluate_rows(loss, loss.similarity(in), variable_of(loss, in), in).gradient;
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
  return dual_gradient(loss, loss.similarity(in), in);
}

/// The gradient by central differences with the pairs held where they are.
template <RowLoss L>
std::vector<double> difference_gradient(const L& loss, const LossInput& in) {
  const auto pairs = loss.pairs(in);
  const auto similarity = loss.similarity(in);
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

/// ‖got − want‖₂ / ‖want‖₂; 0 where all numbers of both are 0.
inline double relative_l2(const std::vector<double>& got, const std::vector<double>& want) {
  double off = 0, size = 0;
  for (std::size_t i = 0; i < want.size(); ++i) {
    off += (got[i] - want[i]) * (got[i] - want[i]);
    size += want[i] * want[i];
  }
  return off == 0 ? 0 : std::sqrt(off / size);
}

/// Every value of an option of few, and three numbers of one of many; whole numbers stay as they are.
inline std::vector<Value> some_values(const Accepts& accepts, const Value& now) {
  std::vector<Value> out;
  for (const std::string& word : accepts.choices) out.push_back(word);
  if (std::holds_alternative<bool>(now)) out = {false, true};
  if (const double* x = std::get_if<double>(&now))
    for (const double other : {*x, *x == 0 ? 1 : *x / 2, std::isfinite(*x) ? 2 * *x + 1 : 1})
      if (other >= accepts.least && other <= accepts.most) out.push_back(other);
  return out.empty() ? std::vector{now} : out;
}

/// The settings of a loss's own options to test it with: all combinations of some values of each.
template <LossType L>
std::vector<typename L::Options> own_settings() {
  std::vector<typename L::Options> all(1);
  for (const auto& field : L::Options::fields()) {
    const std::vector<Value> values = some_values(field.accepts, field.get({}));
    const auto before = all;
    all.clear();
    for (typename L::Options options : before)
      for (const Value& value : values) {
        field.set(options, value);
        all.push_back(options);
      }
  }
  return all;
}

/// Numbers of neighbours are tested by those of the input.
template <>
inline std::vector<DynLocRep::Options> own_settings<DynLocRep>() {
  std::vector<DynLocRep::Options> all;
  for (const double far : {std::numeric_limits<double>::infinity(), 0.0, 0.5, 1.0, 4.0})
    all.push_back({.far_decay = far});
  return all;
}

/// The ages of random_batch are within 6 years of half of the others.
template <>
inline std::vector<SupCon::Options> own_settings<SupCon>() {
  return {{.bin_width = 10}, {.bin_width = 2}, {.bin_width = 0}};
}

/// All settings of a loss that change its formula.
template <LossType L>
std::vector<LossOptions> every_setting() {
  const auto first_unless = [](bool varies, auto values) {
    values.resize(varies ? values.size() : 1);
    return values;
  };
  using enum Distance;
  std::vector<LossOptions> all;
  for (const auto formulation : {Formulation::printed, Formulation::published})
    for (const auto kernel :
         first_unless(Weighs<L>, std::vector{AgeKernel::rbf, AgeKernel::gaussian, AgeKernel::cauchy}))
      for (const auto distance : first_unless(Selects<L>, std::vector{manhattan, euclidean, chebyshev, cosine}))
        for (const auto& own : own_settings<L>()) {
          all.push_back(
              {.name = L::name, .shared = {.formulation = formulation, .kernel = kernel, .distance = distance}});
          all.back().own.of<L>() = own;
        }
  return all;
}

/// The same of all losses.
inline std::vector<LossOptions> every_setting_of_all() {
  std::vector<LossOptions> all;
  AllLosses::for_each([&]<LossType L>() {
    for (LossOptions& options : every_setting<L>()) all.push_back(std::move(options));
  });
  return all;
}

/// Every loss in both formulations, with its other options left as they are.
inline std::vector<LossOptions> every_loss() {
  std::vector<LossOptions> all;
  for (const std::string& name : loss_names())
    for (const Formulation f : {Formulation::printed, Formulation::published})
      all.push_back({.name = name, .shared = {.formulation = f}});
  return all;
}

/// A number, a choice, or the size of a list.
inline std::string text_of(const Value& value) {
  std::ostringstream out;
  const auto print = [&](const auto& v) {
    if constexpr (requires { out << v; })
      out << v;
    else
      out << v.size() << " values";
  };
  std::visit(print, value);
  return out.str();
}

/// A setting in words, for a test's message: its options that have not their defaults.
inline std::string describe(const LossOptions& options) {
  std::string out = options.name;
  for (const auto& field : loss_fields())
    if (const Value value = field.get(options); field.key != "name" && value != field.get({}))
      out += fmt::format(", {} = {}", field.key, text_of(value));
  return out;
}

}  // namespace cg::test
