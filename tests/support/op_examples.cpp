// SPDX-License-Identifier: Apache-2.0
#include "tests/support/op_examples.h"

#include <algorithm>
#include <memory>

#include "tests/support/tensors.h"

namespace cg::test {

ExampleInput random_input(Draw& draw, Shape shape) {
  const Index n = count(shape);
  return {std::move(shape), rounded(normals(draw.random, n), draw.activations)};
}

ExampleInput random_parameter(Draw& draw, Shape shape) {
  const Index n = count(shape);
  return {std::move(shape), rounded(normals(draw.random, n), parameter_type(draw.activations)), true};
}

ExampleInput spaced_input(Draw& draw, Shape shape) {
  const auto channels = static_cast<std::size_t>(shape.back());
  const Index rows = count(shape) / shape.back();
  ExampleInput out{std::move(shape), std::vector<double>(static_cast<std::size_t>(rows) * channels)};
  for (std::size_t c = 0; c < channels; ++c) {
    const auto order = draw.random.permutation(rows);
    const double shift = draw.random.normal(), spread = 3 + 2 * draw.random.uniform();
    for (std::size_t r = 0; r < order.size(); ++r)
      out.numbers[r * channels + c] =
          shift + spread * (static_cast<double>(order[r]) / static_cast<double>(rows) - 0.5);
  }
  out.numbers = rounded(out.numbers, draw.activations);
  return out;
}

Shape volume(Draw& draw, Index most) {
  return {draw.size(1, 3), draw.size(1, most), draw.size(1, most), draw.size(1, most), draw.size(1, 4)};
}

Shape large_volume(Draw& draw) {
  const Index channels = draw.size(0, 1) ? draw.size(60, 70) : 8 * draw.size(1, 9);
  return {2, draw.size(8, 10), draw.size(8, 10), draw.size(8, 10), channels};
}

RandomWindow::RandomWindow(Draw& draw, const Shape& in, bool pool) {
  for (std::size_t a = 0; a < 3; ++a) {
    kernel[a] = draw.size(1, 3);
    stride[a] = draw.size(1, 4);
    padding[a] = draw.size(0, pool ? kernel[a] / 2 : 2);
    kernel[a] = std::min(kernel[a], in[a + 1] + 2 * padding[a]);
    if (pool) padding[a] = std::min(padding[a], kernel[a] / 2);
  }
}

void RandomWindow::as_in_stem(Draw& draw, const Shape& in) {
  kernel = {3, 3, 3};
  stride = {2, 2, 2};
  for (std::size_t a = 0; a < 3; ++a) padding[a] = draw.size(in[a + 1] < 3 ? 1 : 0, 1);
}

std::vector<Spec> Example::specs(DType activations) const {
  std::vector<Spec> all;
  for (const ExampleInput& input : inputs)
    all.push_back({input.shape, input.parameter ? parameter_type(activations) : activations});
  return all;
}

unsigned Example::differentiable() const {
  unsigned mask = 0;
  for (std::size_t j = 0; j < inputs.size(); ++j) mask |= (inputs[j].differentiable ? 1u : 0u) << j;
  return mask;
}

Draw Draw::seeded(std::uint64_t seed, DType activations) {
  auto sizes = std::make_shared<Random>(Key{.seed = seed, .sample = 1});
  return {[sizes](Index a, Index b) { return a + sizes->below(b - a + 1); }, Random({.seed = seed}), activations};
}

}  // namespace cg::test
