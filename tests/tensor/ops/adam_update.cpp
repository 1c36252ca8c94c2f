// SPDX-License-Identifier: Apache-2.0
// Test data of adam_update; formula in tensor/ops/adam_update.h.
#include "tensor/backend/cuda/ops/adam_update.h"

#include <cmath>
#include <utility>

#include "tensor/ops/adam_update.h"
#include "tests/support/host_kernels.h"
#include "tests/support/op_tests.h"

namespace cg::test {
namespace {

Example draw_adam_update_of(Draw& draw, const Shape& shape) {
  std::vector<ExampleInput> in;
  for (int j = 0; j < 4; ++j) {
    in.push_back(random_parameter(draw, shape));
    in.back().differentiable = false;
    in.back().overwritten = j != 1;
  }
  for (double& square : in[3].numbers) square *= square;
  return example(AdamUpdate{.rate = 0.01, .weight_decay = 0.1, .step = draw.size(1, 5)}, std::move(in));
}

Example draw_adam_update(Draw& draw) { return draw_adam_update_of(draw, {draw.size(1, 200)}); }
Example draw_large_adam_update(Draw& draw) { return draw_adam_update_of(draw, {draw.size(2000, 5000)}); }

std::vector<Misuse> adam_update_misuses() {
  return {{erase(AdamUpdate{}), {f32({5}), f32({4}), f32({5}), f32({5})}, {"[4]", "expected float32 [5]"}}};
}

std::vector<Fault> adam_update_faults() {
  using O = AdamUpdate;
  return {
      forward_with<O>("dropped term", "weight decay", [](O& op) { op.weight_decay = 0; }),
      forward_with<O>("off-by-one step", "counted from 0", [](O& op) { ++op.step; }),
      forward_with<O>("dropped factor", "both bias corrections", [](O& op) { op.step = 1 << 20; }),
      forward_with<O>("swapped", "β₁ and β₂", [](O& op) { std::swap(op.beta1, op.beta2); }),
      broken_forward<O>("wrong operand", "decay decoupled, as in AdamW",
                        [](const O& op, Call& call) {
                          O plain = op;
                          plain.weight_decay = 0;
                          for (double& p : call.in[0].data<double>()) p -= op.rate * op.weight_decay * p;
                          reference::forward<double>(plain, call);
                        }),
      broken_forward<O>("wrong operand", "the new value's moments read before they are blended",
                        [](const O& op, Call& call) {
                          const auto m = call.in[2].data<double>();
                          const std::vector<double> before(m.begin(), m.end());
                          Call scratch = call;
                          scratch.in[0] =
                              like(call, call.in[0], [&](std::size_t k) { return call.in[0].data<double>()[k]; });
                          reference::forward<double>(op, scratch);
                          const auto p = call.in[0].data<double>(), v = call.in[3].data<double>();
                          const double first = 1 - std::pow(op.beta1, op.step),
                                       second = 1 - std::pow(op.beta2, op.step);
                          for (std::size_t k = 0; k < p.size(); ++k)
                            p[k] -= op.rate * (before[k] / first) / (std::sqrt(v[k] / second) + op.epsilon);
                        }),
      broken_forward<O>("swapped", "the two moments where they are stored",
                        [](const O& op, Call& call) {
                          reference::forward<double>(op, call);
                          const auto m = call.in[2].data<double>(), v = call.in[3].data<double>();
                          std::swap_ranges(m.begin(), m.end(), v.begin());
                        }),
  };
}

}  // namespace

OpTests adam_update_tests() {
  return {
      .draw = draw_adam_update,
      .draw_large = draw_large_adam_update,
      .misuses = adam_update_misuses(),
      .faults = adam_update_faults(),
      .cuda_on_host = add_on_host<AdamUpdate>,
  };
}

}  // namespace cg::test
