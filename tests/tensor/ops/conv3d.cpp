// SPDX-License-Identifier: Apache-2.0
// Test data of conv3d; formula in tensor/ops/conv3d.h. What surrounds the GPU's convolutions is tested in
// tests/tensor/backend/cuda/ops/convolution_test.cpp.
#include "tensor/ops/conv3d.h"

#include <algorithm>

#include "tests/support/op_tests.h"
#include "tests/support/window_faults.h"

namespace cg::test {
namespace {

Example draw_conv3d(Draw& draw) {
  const Shape x = volume(draw, 4);
  const RandomWindow window(draw, x, false);
  const Triple& k = window.kernel;
  const Index outputs = draw.size(1, 3);
  return example(Conv3d{window.stride, window.padding, draw.size(0, 1) == 1},
                 {random_input(draw, x), random_parameter(draw, {outputs, k[0], k[1], k[2], x[4]})});
}

/// The network's stem in small; volumes of many voxels; many volumes of a few voxels, as in its last stage. Always more
/// than 512 positions.
Example draw_large_conv3d(Draw& draw) {
  const auto one_of = [&](const std::vector<Index>& choices) {
    return choices[static_cast<std::size_t>(draw.size(0, static_cast<Index>(choices.size()) - 1))];
  };
  const Index kind = draw.size(0, 2), inputs = kind == 0 ? 1 : one_of({1, 2, 3, 16, 17}),
              outputs = one_of({1, 3, 16, 20});
  const Index k = kind == 0 ? 7 : one_of({1, 3, 3}), stride = kind == 0 ? 2 : draw.size(1, 2);
  const Index least = kind == 2 ? 1 : stride == 2 ? 14 : 8;
  Shape x = {2, draw.size(least, least + 3), draw.size(least, least + 3), draw.size(least, least + 3), inputs};
  const Conv3d op{{stride, stride, stride}, {k / 2, k / 2, k / 2}, draw.size(0, 1) == 1};
  const Shape w = {outputs, k, k, k, inputs}, y = window_output("conv3d", x, op.window(w), outputs);
  x[0] = std::max<Index>(2, 520 / (y[1] * y[2] * y[3]) + 1);
  return example(op, {random_input(draw, x), random_parameter(draw, w)});
}

std::vector<Misuse> conv3d_misuses() {
  const Spec x = f32({2, 5, 6, 7, 3}), w = f32({4, 3, 3, 3, 3});
  return {
      {erase(Conv3d{}), {f32({5, 6, 7, 3}), w}, {"input", "[5, 6, 7, 3]", "5 axes"}},
      {erase(Conv3d{}), {x, f32({4, 27, 3})}, {"weight", "[4, 27, 3]", "5 axes"}},
      {erase(Conv3d{}), {x, f32({4, 3, 3, 3, 2})}, {"3 channels", "expects 2"}},
      {erase(Conv3d{}), {x, {w.shape, DType::f64}}, {"weight", "float64", "expected float32"}},
      {erase(Conv3d{}), {x, f32({4, 3, 3, 8, 3})}, {"width is 7", "window is 8"}},
      {erase(Conv3d{.stride = {1, 0, 1}}), {x, w}, {"height", "stride 0", "expected at least"}},
      {erase(Conv3d{.padding = {-1, 0, 0}}), {x, w}, {"depth", "padding -1", "expected at least"}},
      {erase(Conv3d{}), {f32({0, 5, 6, 7, 3}), w}, {"[0, 5, 6, 7, 3]", "at least 1"}},
  };
}

/// Where entry (o, tap, i) of a weight stands.
struct Place {
  Index outputs, taps, inputs;
  explicit Place(const Shape& w) : outputs(w[0]), taps(w[1] * w[2] * w[3]), inputs(w[4]) {}
  std::size_t at(Index o, Index tap, Index i) const { return static_cast<std::size_t>((o * taps + tap) * inputs + i); }
};

/// A weight whose entry (o, tap, i) is entry `from` of the right one.
using Rearranged = std::size_t (*)(const Place&, Index o, Index tap, Index i);
std::size_t flipped(const Place& w, Index o, Index tap, Index i) { return w.at(o, w.taps - 1 - tap, i); }
std::size_t transposed(const Place& w, Index o, Index tap, Index i) {
  return static_cast<std::size_t>((i * w.taps + tap) * w.outputs + o);
}

Tensor rearranged(const Call& call, const Tensor& weight, Rearranged from) {
  const Place w(weight.shape());
  const auto right = weight.data<double>();
  return like(call, weight, [&](std::size_t k) {
    const auto entry = static_cast<Index>(k);
    return right[from(w, entry / (w.taps * w.inputs), entry / w.inputs % w.taps, entry % w.inputs)];
  });
}

/// dx from a weight in another order.
Fault dx_from(const std::string& kind, const std::string& text, Rearranged from) {
  return broken_backward<Conv3d>(kind, text, [from](const Conv3d& op, Call& call) {
    Call dx = call, dw = call;
    dx.in[1] = rearranged(call, call.in[1], from);
    dx.grad_in[1] = dw.grad_in[0] = {};
    reference::backward<double>(op, dx);
    reference::backward<double>(op, dw);
  });
}

/// dw in another order.
Fault dw_as(const std::string& kind, const std::string& text, Rearranged from) {
  return broken_backward<Conv3d>(kind, text, [from](const Conv3d& op, Call& call) {
    reference::backward<double>(op, call);
    if (!call.grad_in[1]) return;
    const Tensor wrong = rearranged(call, call.grad_in[1], from);
    std::ranges::copy(wrong.data<double>(), call.grad_in[1].data<double>().begin());
  });
}

/// dx where each product replaces what stands there.
void overwriting_dx(const Conv3d& op, Call& call) {
  reference::backward<double>(op, call);
  if (!call.grad_in[0]) return;
  const Place w(call.in[1].shape());
  const auto weights = call.in[1].data<double>(), dy = call.grad_out[0].data<double>(),
             dx = call.grad_in[0].data<double>();
  for_each_window_tap(call.in[0].shape(), call.grad_out[0].shape(), op.window(call.in[1].shape()),
                      [&](std::size_t x, std::size_t y, Index tap) {
                        for (Index i = 0; i < w.inputs; ++i) {
                          double sum = 0;
                          for (Index o = 0; o < w.outputs; ++o)
                            sum += dy[y + static_cast<std::size_t>(o)] * weights[w.at(o, tap, i)];
                          dx[x + static_cast<std::size_t>(i)] = sum;
                        }
                      });
}

/// The right kernel with zero for the weights that `kept` leaves out.
Call with_weights(const Call& call, bool (*kept)(const Place&, Index o, Index tap)) {
  Call other = call;
  const Place w(call.in[1].shape());
  const auto right = call.in[1].data<double>();
  other.in[1] = like(call, call.in[1], [&](std::size_t k) {
    const auto entry = static_cast<Index>(k);
    return kept(w, entry / (w.taps * w.inputs), entry / w.inputs % w.taps) ? right[k] : 0.0;
  });
  return other;
}

std::vector<Fault> conv3d_faults() {
  using O = Conv3d;
  return {
      dx_from("transposed weight", "inputs and outputs exchanged in dx", transposed),
      dx_from("shifted index", "the window turned round in dx", flipped),
      dw_as("transposed weight", "inputs and outputs exchanged in dw", transposed),
      dw_as("shifted index", "the window turned round in dw", flipped),
      backward_with<O>("off-by-one padding", "backward pads one voxel more", [](O& op) { ++op.padding[0]; }),
      backward_with<O>("off-by-one padding", "backward pads one voxel less",
                       [](O& op) { op.padding[2] = std::max<Index>(op.padding[2] - 1, 0); }),
      backward_with<O>("swapped", "strides of depth and width", [](O& op) { std::swap(op.stride[0], op.stride[2]); }),
      backward_with<O>("swapped", "padding of depth and height",
                       [](O& op) { std::swap(op.padding[0], op.padding[1]); }),
      broken_backward<O>("written instead of added", "a voxel under several windows", overwriting_dx),
      broken_backward<O>("missing sum", "only the first output channel reaches dx",
                         [](const O& op, Call& call) {
                           Call first = with_weights(call, [](const Place&, Index o, Index) { return o == 0; });
                           reference::backward<double>(op, first);
                         }),
      broken_backward<O>("dropped term", "the window's last tap in dx",
                         [](const O& op, Call& call) {
                           Call some =
                               with_weights(call, [](const Place& w, Index, Index t) { return t + 1 < w.taps; });
                           reference::backward<double>(op, some);
                         }),
      broken_forward<O>("dropped term", "the window's last tap in y",
                        [](const O& op, Call& call) {
                          Call some = with_weights(call, [](const Place& w, Index, Index t) { return t + 1 < w.taps; });
                          reference::forward<double>(op, some);
                        }),
  };
}

}  // namespace

OpTests conv3d_tests() {
  return {
      .draw = draw_conv3d,
      .draw_large = draw_large_conv3d,
      .misuses = conv3d_misuses(),
      .faults = conv3d_faults(),
  };
}

}  // namespace cg::test
