// Mistakes in convolution and max-pooling, in double; formulas in tensor/ops/conv3d.h and max_pool3d.h.
#include <algorithm>

#include "tensor/ops/conv3d.h"
#include "tensor/ops/max_pool3d.h"
#include "tests/support/faults.h"

namespace cg::test {
namespace {

/// Calls body(input offset, output offset, tap) for every tap of every window of a batch.
template <class Body>
void for_each_window_tap(const Shape& input, const Shape& output, const Window& window, const Body& body) {
  const VolumeShape in(input), out(output);
  for (Index n = 0; n < out.n; ++n)
    for (Index d = 0; d < out.depth; ++d)
      for (Index h = 0; h < out.height; ++h)
        for (Index v = 0; v < out.width; ++v)
          for_each_tap(in, window, d, h, v, [&](Index a, Index b, Index e, Index tap) {
            body(static_cast<std::size_t>(in.at(n, a, b, e)), static_cast<std::size_t>(out.at(n, d, h, v)), tap);
          });
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

/// Backward with other attributes.
template <Op O>
Fault backward_with(const std::string& kind, const std::string& text, void (*change)(O&)) {
  return broken_backward<O>(kind, text, [change](const O& op, Call& call) {
    O changed = op;
    change(changed);
    reference::backward<double>(changed, call);
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

}  // namespace

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

std::vector<Fault> max_pool3d_faults() {
  using O = MaxPool3d;
  /// Calls body(x, at, tap) for each value of each channel.
  constexpr auto for_each_value = [](const O& op, const Shape& x, const Shape& y, const auto& body) {
    for_each_window_tap(x, y, op.window(), [&](std::size_t in, std::size_t out, Index tap) {
      for (std::size_t c = 0; c < static_cast<std::size_t>(x[4]); ++c) body(in + c, out + c, tap);
    });
  };
  return {
      broken_forward<O>("wrong branch at a kink", "the last of equal values wins",
                        [=](const O& op, Call& call) {
                          reference::forward<double>(op, call);
                          const auto x = call.in[0].data<double>(), y = call.out[0].data<double>();
                          const auto winners = call.saved[0].data<std::uint8_t>();
                          for_each_value(op, call.in[0].shape(), call.out[0].shape(),
                                         [&](std::size_t k, std::size_t at, Index tap) {
                                           if (x[k] == y[at]) winners[at] = static_cast<std::uint8_t>(tap);
                                         });
                        }),
      broken_forward<O>("off-by-one padding", "padding counts as zeros, which may win",
                        [=](const O& op, Call& call) {
                          reference::forward<double>(op, call);
                          const auto y = call.out[0].data<double>();
                          std::vector<Index> taps(y.size(), 0);
                          for_each_value(op, call.in[0].shape(), call.out[0].shape(),
                                         [&](std::size_t, std::size_t at, Index) { ++taps[at]; });
                          for (std::size_t at = 0; at < y.size(); ++at)
                            if (taps[at] < op.window().size()) y[at] = std::max(y[at], 0.0);
                        }),
      broken_backward<O>("written instead of added", "a voxel that won several windows",
                         [=](const O& op, Call& call) {
                           reference::backward<double>(op, call);
                           const auto dy = call.grad_out[0].data<double>(), dx = call.grad_in[0].data<double>();
                           const auto winners = call.saved[0].data<std::uint8_t>();
                           for_each_value(op, call.grad_in[0].shape(), call.grad_out[0].shape(),
                                          [&](std::size_t k, std::size_t at, Index tap) {
                                            if (winners[at] == tap) dx[k] = dy[at];
                                          });
                         }),
      broken_backward<O>("wrong operand", "every window's gradient goes to its first voxel",
                         [=](const O& op, Call& call) {
                           std::vector<bool> met(call.grad_out[0].data<double>().size());
                           const auto dy = call.grad_out[0].data<double>(), dx = call.grad_in[0].data<double>();
                           std::fill(dx.begin(), dx.end(), 0.0);
                           for_each_value(op, call.grad_in[0].shape(), call.grad_out[0].shape(),
                                          [&](std::size_t k, std::size_t at, Index) {
                                            if (!met[at]) dx[k] += dy[at];
                                            met[at] = true;
                                          });
                         }),
      backward_with<O>("off-by-one padding", "backward pads one voxel more", [](O& op) { ++op.padding[1]; }),
      backward_with<O>("swapped", "strides of depth and width", [](O& op) { std::swap(op.stride[0], op.stride[2]); }),
  };
}

}  // namespace cg::test
