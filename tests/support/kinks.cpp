#include "tests/support/kinks.h"

#include <fmt/format.h>

#include "tensor/ops/batch_norm_add_relu.h"
#include "tensor/ops/batch_norm_relu.h"
#include "tensor/ops/batch_norm_relu_max_pool.h"
#include "tensor/ops/l2_normalise.h"
#include "tensor/ops/relu.h"
#include "tests/support/application.h"
#include "tests/support/tensors.h"

namespace cg::test {
namespace {

using Numbers = std::vector<double>;

template <Op O>
Example example(const O& op, std::vector<ExampleInput> inputs) {
  return {erase(op), std::move(inputs), std::string(O::name)};
}

/// One channel along the last dimension.
ExampleInput line(const Numbers& numbers) { return {{1, 1, 1, static_cast<Index>(numbers.size()), 1}, numbers}; }

/// In evaluation with these statistics the normalised value is x itself: 1/√(0.75 + 0.25) = 1.
constexpr NormAttributes as_it_is = {.epsilon = 0.25, .training = false};

/// x of one channel, γ = 1, β = 0, running mean 0, running variance 0.75.
std::vector<ExampleInput> normalised(const Numbers& x) {
  const auto parameter = [](double value, bool differentiable) {
    return ExampleInput{{1}, {value}, true, differentiable, !differentiable};
  };
  return {line(x), parameter(1, true), parameter(0, true), parameter(0, false), parameter(0.75, false)};
}

std::vector<ExampleInput> normalised(const Numbers& x, const Numbers& residual) {
  auto in = normalised(x);
  in.push_back(line(residual));
  return in;
}

/// Windows of two neighbours along the last dimension, one after the other.
constexpr MaxPool3d pairs = {{1, 1, 2}, {1, 1, 1}, {0, 0, 0}};

std::string listed(const Numbers& numbers) {
  std::string out;
  for (double value : numbers) out += fmt::format("{}{:g}", out.empty() ? "" : ", ", value);
  return "[" + out + "]";
}

using Kinks = std::multimap<std::string, Kink>;

Kinks relu_and_pool_kinks() {
  const MaxPool3d cube = {{2, 2, 2}, {2, 2, 2}, {0, 0, 0}}, overhanging = {{3, 3, 3}, {2, 2, 2}, {1, 1, 1}};
  const auto volume = [](const Numbers& numbers) { return ExampleInput{{1, 2, 2, 2, 1}, numbers}; };
  return {
      {"relu",
       {"no gradient passes at zero, of either sign",
        example(Relu{}, {line({-1, 0, -0.0, 2})}),
        {1, 2, 3, 4},
        {0, 0, 0, 2},
        {{0, {0, 0, 0, 4}}}}},
      {"max_pool3d",
       {"of a window of equal values the first tap wins",
        example(cube, {volume({5, 5, 5, 5, 5, 5, 5, 5})}),
        {3},
        {5},
        {{0, {3, 0, 0, 0, 0, 0, 0, 0}}}}},
      {"max_pool3d",
       {"of several largest values the first in scan order wins",
        example(cube, {volume({1, 2, 7, 3, 7, 7, 0, 7})}),
        {3},
        {7},
        {{0, {0, 0, 3, 0, 0, 0, 0, 0}}}}},
      {"max_pool3d",
       {"where the window hangs over the border the first voxel inside wins, however small",
        example(overhanging, {volume({-5, -5, -5, -5, -5, -5, -5, -5})}),
        {3},
        {-5},
        {{0, {3, 0, 0, 0, 0, 0, 0, 0}}}}},
      {"max_pool3d",
       {"each of two overlapping windows has its own first",
        example(pairs, {line({4, 4, 4})}),
        {1, 16},
        {4, 4},
        {{0, {1, 16, 0}}}}},
  };
}

Kinks norm_kinks() {
  const BatchNormRelu norm_relu{as_it_is}, training_norm_relu{{}};
  const BatchNormAddRelu norm_add_relu{as_it_is};
  const BatchNormReluMaxPool norm_pool{as_it_is, pairs};
  return {
      {"batch_norm_relu",
       {"no gradient passes where the normalised value is zero",
        example(norm_relu, {normalised({-1, 0, 2, 0})}),
        {8, 16, 1, 4},
        {0, 0, 2, 0},
        {{0, {0, 0, 1, 0}}, {1, {2}}, {2, {1}}}}},
      {"batch_norm_relu",
       {"nor in training, where the mean is zero",
        example(training_norm_relu, {normalised({-1, 0, 1, 1, 0, -1})}),
        {8, 16, 1, 2, 4, 32},
        {0, 0, 1.224736, 1.224736, 0, 0},  // 1/√(2/3 + 1e-5)
        {{1, {3 * 1.224736}}, {2, {3}}}}},
      {"batch_norm_add_relu",
       {"no gradient passes where the sum is zero, to neither of the two",
        example(norm_add_relu, {normalised({-1, 1, 0, 2}, {1, -1, 0, 1})}),
        {8, 16, 4, 1},
        {0, 0, 0, 3},
        {{0, {0, 0, 0, 1}}, {1, {2}}, {2, {1}}, {5, {0, 0, 0, 1}}}}},
      {"batch_norm_relu_max_pool",
       {"of equal values the first wins, window by window",
        example(norm_pool, {normalised({2, 2, 2, 1, 3, 3})}),
        {1, 2, 4, 8, 16},
        {2, 2, 2, 3, 3},
        {{0, {1, 2, 4, 0, 24, 0}}, {1, {2 * 7 + 3 * 24}}, {2, {31}}}}},
      {"batch_norm_relu_max_pool",
       {"a window without a value above zero passes no gradient",
        example(norm_pool, {normalised({-1, 0, 0, -2, 1})}),
        {8, 16, 32, 1},
        {0, 0, 0, 1},
        {{0, {0, 0, 0, 0, 1}}, {1, {1}}, {2, {1}}}}},
  };
}

Kinks l2_normalise_kinks() {
  const auto row = [](const Numbers& numbers) { return ExampleInput{{1, 2}, numbers}; };
  return {
      {"l2_normalise",
       {"a row of zeros stays, and its divisor 1e-12 is constant",
        example(L2Normalise{}, {row({0, 0})}),
        {1, 2},
        {0, 0},
        {{0, {1e12, 2e12}}}}},
      {"l2_normalise",
       {"a row shorter than the least divisor is divided by that one",
        example(L2Normalise{.epsilon = 4}, {row({1, 0})}),
        {1, 2},
        {0.25, 0},
        {{0, {0.25, 0.5}}}}},
  };
}

}  // namespace

const std::multimap<std::string, Kink>& kinks() {
  static const Kinks all = [] {
    Kinks every = relu_and_pool_kinks();
    every.merge(norm_kinks());
    every.merge(l2_normalise_kinks());
    return every;
  }();
  return all;
}

std::string kink_complaint(const Cell& cell, const Kink& kink) {
  Application applied(cell.registry, cell.backend, kink.example, cell.dtype);
  applied.forward();
  applied.backward({kink.gradient}, kink.example.differentiable());
  // the other branch is off by a tenth of the largest number at least
  const double bound = cell.dtype == DType::bf16 ? 3e-2 : 1e-5;
  std::string complaints;
  const auto compare = [&](const std::string& what, const Numbers& got, const Numbers& want) {
    if (!(relative_to_largest(got, want) <= bound))
      complaints += fmt::format("{}: {} is {}, expected {}\n", kink.sentence, what, listed(got), listed(want));
  };
  compare("the output", applied.output(0), kink.output);
  for (const auto& [j, want] : kink.gradients) compare(fmt::format("gradient {}", j), applied.gradient(j), want);
  return complaints;
}

}  // namespace cg::test
