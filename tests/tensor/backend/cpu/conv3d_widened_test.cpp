// SPDX-License-Identifier: Apache-2.0
// The bfloat16 convolution of processors without bfloat16 instructions, on every processor: small shapes as the
// suite's parity test does them where it is the registry's own, here the cut into chunks of samples.
#include <doctest/doctest.h>

#include "tensor/backend/cpu/kernels.h"
#include "tests/support/application.h"
#include "tests/support/tensors.h"

using namespace cg;
using namespace cg::test;

namespace {

constexpr Index samples = 9, extent = 48, inputs = 8, outputs = 16;
constexpr Index of_one_x = extent * extent * extent * inputs, of_one_y = extent * extent * extent * outputs;

/// 3.5 MB in and 7 MB out a sample in float32: six samples make a chunk, three remain.
Example example(std::vector<double> x, const std::vector<double>& w) {
  const Index n = static_cast<Index>(x.size()) / of_one_x;
  Example made{erase(Conv3d{}), {}, "a convolution of 1³"};
  made.inputs.push_back({.shape = {n, extent, extent, extent, inputs}, .numbers = std::move(x)});
  made.inputs.push_back({.shape = {outputs, 1, 1, 1, inputs}, .numbers = w, .parameter = true});
  return made;
}

std::vector<double> slice(const std::vector<double>& all, Index at, Index size) {
  return {all.begin() + at * size, all.begin() + (at + 1) * size};
}

}  // namespace

TEST_CASE("a widened convolution of several chunks is that of its samples, and its weight gradient their sum") {
  Registry registry = Registry::standard();
  registry.add<Conv3d>(Device::cpu, DType::bf16, cpu::conv3d_widened());
  const auto backend = make_cpu_backend();
  Random random({.seed = 5});
  const std::vector<double> x = normals(random, samples * of_one_x), w = normals(random, outputs * inputs),
                            dy = normals(random, samples * of_one_y);
  const Example whole = example(x, w);
  Application together(registry, *backend, whole, DType::bf16);
  together.forward();
  together.backward({dy}, 0b11);
  const std::vector<double> y = together.output(0), dx = together.gradient(0);

  std::vector<double> dw(w.size(), 0.0);
  for (Index n = 0; n < samples; ++n) {
    const Example one = example(slice(x, n, of_one_x), w);
    Application alone(registry, *backend, one, DType::bf16);
    alone.forward();
    alone.backward({slice(dy, n, of_one_y)}, 0b11);
    // Sums in another order may round to the neighbouring bfloat16.
    CHECK(relative_to_largest(slice(y, n, of_one_y), alone.output(0)) < 1e-2);
    CHECK(relative_to_largest(slice(dx, n, of_one_x), alone.gradient(0)) < 1e-2);
    for (std::size_t k = 0; k < dw.size(); ++k) dw[k] += alone.gradient(1)[k];
  }
  CHECK(relative_to_largest(together.gradient(1), dw) < 1e-5);  // float32 sums of 10⁶ terms, of both signs
}
