// SPDX-License-Identifier: Apache-2.0
// Test data of global_average_pool; formula in tensor/ops/global_average_pool.h.
#include "tensor/backend/cuda/ops/global_average_pool.h"

#include "tensor/ops/global_average_pool.h"
#include "tests/support/host_kernels.h"
#include "tests/support/op_tests.h"

namespace cg::test {
namespace {

Example draw_global_average_pool(Draw& draw) {
  return example(GlobalAveragePool{}, {random_input(draw, volume(draw, 4))});
}

Example draw_large_global_average_pool(Draw& draw) {
  return example(GlobalAveragePool{}, {random_input(draw, large_volume(draw))});
}

std::vector<Misuse> global_average_pool_misuses() {
  return {
      {erase(GlobalAveragePool{}), {f32({2, 3})}, {"[2, 3]", "5 axes"}},
      {erase(GlobalAveragePool{}), {f32({2, 0, 3, 3, 4})}, {"[2, 0, 3, 3, 4]", "at least 1"}},
  };
}

/// Positions that an average is over, and samples of the batch.
double positions(const Call& call) {
  const Shape x = call.grad_in[0].shape();
  return static_cast<double>(x[1] * x[2] * x[3]);
}
double samples(const Call& call) { return static_cast<double>(call.grad_in[0].shape()[0]); }

std::vector<Fault> global_average_pool_faults() {
  using O = GlobalAveragePool;
  return {
      dx_as<O>("dropped factor", "1 / m", [](const Call& c, std::size_t, double dx) { return dx * positions(c); }),
      dx_as<O>("wrong divisor", "m + 1 for m",
               [](const Call& c, std::size_t, double dx) { return dx * positions(c) / (positions(c) + 1); }),
      dx_as<O>("wrong divisor", "the batch is averaged over too",
               [](const Call& c, std::size_t, double dx) { return dx / samples(c); }),
      dx_as<O>("missing sum", "only the first position gets a gradient",
               [](const Call& c, std::size_t k, double dx) {
                 const Shape x = c.grad_in[0].shape();
                 return k / static_cast<std::size_t>(x[4]) % static_cast<std::size_t>(x[1] * x[2] * x[3]) ? 0 : dx;
               }),
  };
}

}  // namespace

OpTests global_average_pool_tests() {
  return {
      .draw = draw_global_average_pool,
      .draw_large = draw_large_global_average_pool,
      .misuses = global_average_pool_misuses(),
      .faults = global_average_pool_faults(),
      .cuda_on_host = add_on_host<GlobalAveragePool>,
  };
}

}  // namespace cg::test
