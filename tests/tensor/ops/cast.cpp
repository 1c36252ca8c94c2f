// SPDX-License-Identifier: Apache-2.0
// Test data of cast; formula in tensor/ops/cast.h.
#include "tensor/backend/cuda/ops/cast.h"

#include <cmath>

#include "tensor/ops/cast.h"
#include "tests/support/host_kernels.h"
#include "tests/support/op_tests.h"

namespace cg::test {
namespace {

Example draw_cast_of(Draw& draw, const Shape& shape) {
  constexpr DType types[] = {DType::f32, DType::f64, DType::bf16};
  const DType to = draw.activations == DType::f64 ? DType::f64 : types[draw.size(0, 2)];
  return example(Cast{to}, {random_input(draw, shape)});
}

Example draw_cast(Draw& draw) { return draw_cast_of(draw, volume(draw, 3)); }
Example draw_large_cast(Draw& draw) { return draw_cast_of(draw, large_volume(draw)); }

std::vector<Misuse> cast_misuses() { return {{erase(Cast{DType::u8}), {f32({5})}, {"uint8", "floating-point"}}}; }

std::vector<Fault> cast_faults() {
  return {dx_as<Cast>("lost digits", "the gradient goes through bfloat16",
                      [](const Call&, std::size_t, double dx) {
                        return static_cast<double>(bfloat16(static_cast<float>(dx)));
                      }),
          dx_as<Cast>("lost digits", "the gradient is cut to whole numbers",
                      [](const Call&, std::size_t, double dx) { return std::trunc(dx); })};
}

}  // namespace

OpTests cast_tests() {
  return {
      .draw = draw_cast,
      .draw_large = draw_large_cast,
      .misuses = cast_misuses(),
      .faults = cast_faults(),
      .cuda_on_host = add_on_host<Cast>,
  };
}

}  // namespace cg::test
