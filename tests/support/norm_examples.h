// SPDX-License-Identifier: Apache-2.0
// Examples, misuses and kinks that the normalising ops share: batch_norm and what it is fused with.
#pragma once

#include <type_traits>

#include "tensor/ops/all.h"
#include "tests/support/op_tests.h"

namespace cg::test {

/// The smallest distance of γ x̂ + β (+ residual) from zero: from the kink of the ReLU that follows.
double kink_distance(const NormAttributes& norm, const std::vector<ExampleInput>& in);

/// x of this shape, γ, β, running mean, running variance.
std::vector<ExampleInput> norm_inputs(Draw& draw, const Shape& x);

/// A volume of at least 6 values per channel.
Shape norm_volume(Draw& draw, Index most);

NormAttributes norm_attributes(Draw& draw);

/// Where a ReLU follows, its input stays `margin` / `nearer` from zero.
template <Op O>
Example draw_norm_of(Draw& draw, const Shape& x, double nearer) {
  const NormAttributes norm = norm_attributes(draw);
  for (;;) {
    auto in = norm_inputs(draw, x);
    if constexpr (std::is_same_v<O, BatchNormAddRelu>) in.push_back(random_input(draw, x));
    if (std::is_same_v<O, BatchNorm> || kink_distance(norm, in) > margin / nearer)
      return example(O{norm}, std::move(in));
  }
}

template <Op O>
Example draw_norm(Draw& draw) {
  const Shape x = norm_volume(draw, 3);
  return draw_norm_of<O>(draw, draw.size(0, 3) ? x : Shape{6 + x[0], x[4]}, 1);  // now and then rows
}

template <Op O>
Example draw_large_norm(Draw& draw) {
  return draw_norm_of<O>(draw, large_volume(draw), 2e3);
}

/// The specs of x, γ, β, running mean, running variance.
std::vector<Spec> norm_specs(const Shape& x);

/// Misuses that all normalising ops share; `more`: inputs after the five.
std::vector<Misuse> norm_misuses(const AnyOp& op, const std::vector<Spec>& more = {});

/// In evaluation with these statistics the normalised value is x itself: 1/√(0.75 + 0.25) = 1.
inline constexpr NormAttributes as_it_is = {.epsilon = 0.25, .training = false};

/// x of one channel, γ = 1, β = 0, running mean 0, running variance 0.75.
std::vector<ExampleInput> normalised(const std::vector<double>& x);

}  // namespace cg::test
