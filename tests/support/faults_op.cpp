// Mistakes in the formulas of the ops that fit in a line or two, in double, and the table of all ops.
#include <algorithm>
#include <cmath>
#include <utility>

#include "tensor/ops/adam_update.h"
#include "tensor/ops/add.h"
#include "tensor/ops/batch_norm_add_relu.h"
#include "tensor/ops/batch_norm_relu.h"
#include "tensor/ops/batch_norm_relu_max_pool.h"
#include "tensor/ops/cast.h"
#include "tensor/ops/global_average_pool.h"
#include "tensor/ops/l2_normalise.h"
#include "tensor/ops/linear.h"
#include "tensor/ops/relu.h"
#include "tests/support/faults.h"

namespace cg::test {
namespace {

/// dx of an op with one input, entry by entry from a formula; the op sees the right dx.
template <Op O>
Fault dx_as(const std::string& kind, const std::string& text,
            double (*formula)(const Call&, std::size_t k, double dx)) {
  return broken_backward<O>(kind, text, [formula](const O& op, Call& call) {
    reference::backward<double>(op, call);
    const auto dx = call.grad_in[0].data<double>();
    for (std::size_t k = 0; k < dx.size(); ++k) dx[k] = formula(call, k, dx[k]);
  });
}

double dy_at(const Call& call, std::size_t k) { return call.grad_out[0].data<double>()[k]; }
double y_at(const Call& call, std::size_t k) { return call.out[0].data<double>()[k]; }

std::vector<Fault> relu_faults() {
  return {
      dx_as<Relu>("dropped mask", "the gradient passes everywhere",
                  [](const Call& c, std::size_t k, double) { return dy_at(c, k); }),
      dx_as<Relu>("inverted mask", "the gradient passes where the ReLU is shut",
                  [](const Call& c, std::size_t k, double) { return y_at(c, k) > 0 ? 0 : dy_at(c, k); }),
      dx_as<Relu>("wrong operand", "the mask is that of dy",
                  [](const Call& c, std::size_t k, double) { return std::max(dy_at(c, k), 0.0); }),
      dx_as<Relu>("wrong operand", "a leak of a hundredth",
                  [](const Call& c, std::size_t k, double dx) { return y_at(c, k) > 0 ? dx : 0.01 * dy_at(c, k); }),
      broken_forward<Relu>("wrong branch at a kink", "minus a tiny number at zero",
                           [](const Relu& op, Call& call) {
                             reference::forward<double>(op, call);
                             const auto x = call.in[0].data<double>(), y = call.out[0].data<double>();
                             for (std::size_t k = 0; k < y.size(); ++k)
                               if (x[k] == 0) y[k] = 1e-300;  // so that the gradient passes
                           }),
  };
}

std::vector<Fault> add_faults() {
  return {
      broken_backward<Add>("wrong divisor", "each summand gets half of the gradient",
                           [](const Add& op, Call& call) {
                             reference::backward<double>(op, call);
                             for (Tensor& gradient : call.grad_in)
                               if (gradient)
                                 for (double& g : gradient.data<double>()) g /= 2;
                           }),
      broken_backward<Add>("dropped term", "one summand's gradient where both are wanted",
                           [](const Add& op, Call& call) {
                             reference::backward<double>(op, call);
                             if (!call.grad_in[0] || !call.grad_in[1]) return;
                             for (double& g : call.grad_in[1].data<double>()) g = 0;
                           }),
      broken_forward<Add>("dropped term", "the second summand",
                          [](const Add&, Call& call) {
                            const auto a = call.in[0].data<double>();
                            std::copy(a.begin(), a.end(), call.out[0].data<double>().begin());
                          }),
  };
}

std::vector<Fault> cast_faults() {
  return {dx_as<Cast>("lost digits", "the gradient goes through bfloat16",
                      [](const Call&, std::size_t, double dx) {
                        return static_cast<double>(bfloat16(static_cast<float>(dx)));
                      }),
          dx_as<Cast>("lost digits", "the gradient is cut to whole numbers",
                      [](const Call&, std::size_t, double dx) { return std::trunc(dx); })};
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

/// y·dy of the row of entry k.
double along(const Call& call, std::size_t k) {
  const auto width = static_cast<std::size_t>(call.out[0].shape()[1]);
  double sum = 0;
  for (std::size_t i = k / width * width; i < (k / width + 1) * width; ++i) sum += y_at(call, i) * dy_at(call, i);
  return sum;
}
double length(const Call& call, std::size_t k) {
  return call.saved[0].data<double>()[k / static_cast<std::size_t>(call.out[0].shape()[1])];
}

std::vector<Fault> l2_normalise_faults() {
  using O = L2Normalise;
  return {
      dx_as<O>("dropped term", "the projection in dx",
               [](const Call& c, std::size_t k, double) { return dy_at(c, k) / length(c, k); }),
      dx_as<O>(
          "sign", "the projection is added",
          [](const Call& c, std::size_t k, double) { return (dy_at(c, k) + y_at(c, k) * along(c, k)) / length(c, k); }),
      dx_as<O>("dropped factor", "1 / ‖x‖", [](const Call& c, std::size_t k, double dx) { return dx * length(c, k); }),
      dx_as<O>("wrong divisor", "‖x‖² for ‖x‖",
               [](const Call& c, std::size_t k, double dx) { return dx / length(c, k); }),
      dx_as<O>("wrong operand", "x for y in the projection",
               [](const Call& c, std::size_t k, double) {
                 const double x = y_at(c, k) * length(c, k);
                 return (dy_at(c, k) - x * along(c, k) * length(c, k)) / length(c, k);
               }),
      broken_backward<O>("wrong branch at a kink", "the least divisor is differentiated too",
                         [](const O& op, Call& call) {
                           const auto dx = call.grad_in[0].data<double>();
                           for (std::size_t k = 0; k < dx.size(); ++k)
                             dx[k] = (dy_at(call, k) - y_at(call, k) * along(call, k)) /
                                     std::max(length(call, k), op.epsilon);
                         }),
      broken_backward<O>("wrong branch at a kink", "no gradient below the least divisor",
                         [](const O& op, Call& call) {
                           reference::backward<double>(op, call);
                           const auto dx = call.grad_in[0].data<double>();
                           for (std::size_t k = 0; k < dx.size(); ++k)
                             if (length(call, k) <= op.epsilon) dx[k] = 0;
                         }),
  };
}

/// Sizes of a linear layer's call.
struct Sizes {
  std::size_t rows, inputs, outputs;
  explicit Sizes(const Call& call)
      : rows(static_cast<std::size_t>(call.in[0].shape()[0])),
        inputs(static_cast<std::size_t>(call.in[1].shape()[1])),
        outputs(static_cast<std::size_t>(call.in[1].shape()[0])) {}
};

/// Runs the right backward, then `amend` on one gradient where it is wanted.
Fault linear_fault(const std::string& kind, const std::string& text, std::size_t j,
                   void (*amend)(const Call&, std::span<double>)) {
  return broken_backward<Linear>(kind, text, [=](const Linear& op, Call& call) {
    reference::backward<double>(op, call);
    if (call.grad_in[j]) amend(call, call.grad_in[j].data<double>());
  });
}

std::vector<Fault> linear_faults() {
  return {
      linear_fault("transposed weight", "W read as Wᵀ in dx", 0,
                   [](const Call& call, std::span<double> dx) {
                     const Sizes s(call);
                     const auto w = call.in[1].data<double>();
                     for (std::size_t n = 0; n < s.rows; ++n)
                       for (std::size_t i = 0; i < s.inputs; ++i) {
                         double sum = 0;
                         for (std::size_t o = 0; o < s.outputs; ++o)
                           sum += dy_at(call, n * s.outputs + o) * w[i * s.outputs + o];
                         dx[n * s.inputs + i] = sum;
                       }
                   }),
      linear_fault("transposed weight", "dW stored as dWᵀ", 1,
                   [](const Call& call, std::span<double> dw) {
                     const Sizes s(call);
                     const std::vector<double> right(dw.begin(), dw.end());
                     for (std::size_t o = 0; o < s.outputs; ++o)
                       for (std::size_t i = 0; i < s.inputs; ++i) dw[i * s.outputs + o] = right[o * s.inputs + i];
                   }),
      linear_fault("wrong divisor", "db is the mean over the batch", 2,
                   [](const Call& call, std::span<double> db) {
                     for (double& g : db) g /= static_cast<double>(Sizes(call).rows);
                   }),
      linear_fault("missing sum over the batch", "db is the last row's", 2,
                   [](const Call& call, std::span<double> db) {
                     const Sizes s(call);
                     for (std::size_t o = 0; o < s.outputs; ++o) db[o] = dy_at(call, (s.rows - 1) * s.outputs + o);
                   }),
      broken_forward<Linear>("dropped term", "the bias",
                             [](const Linear& op, Call& call) {
                               Call without = call;
                               without.in[2] = like(call, call.in[2], [](std::size_t) { return 0.0; });
                               reference::forward<double>(op, without);
                             }),
  };
}

Fault adam_with(const std::string& kind, const std::string& text, void (*change)(AdamUpdate&)) {
  return broken_forward<AdamUpdate>(kind, text, [change](AdamUpdate op, Call& call) {
    change(op);
    reference::forward<double>(op, call);
  });
}

std::vector<Fault> adam_update_faults() {
  using O = AdamUpdate;
  return {
      adam_with("dropped term", "weight decay", [](O& op) { op.weight_decay = 0; }),
      adam_with("off-by-one step", "counted from 0", [](O& op) { ++op.step; }),
      adam_with("dropped factor", "both bias corrections", [](O& op) { op.step = 1 << 20; }),
      adam_with("swapped", "β₁ and β₂", [](O& op) { std::swap(op.beta1, op.beta2); }),
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

const std::map<std::string, std::vector<Fault>>& own_faults() {
  static const std::map<std::string, std::vector<Fault>> table = {
      {"adam_update", adam_update_faults()},
      {"add", add_faults()},
      {"batch_norm", norm_faults<BatchNorm>()},
      {"batch_norm_add_relu", norm_faults<BatchNormAddRelu>()},
      {"batch_norm_relu", norm_faults<BatchNormRelu>()},
      {"batch_norm_relu_max_pool", norm_faults<BatchNormReluMaxPool>()},
      {"cast", cast_faults()},
      {"conv3d", conv3d_faults()},
      {"global_average_pool", global_average_pool_faults()},
      {"l2_normalise", l2_normalise_faults()},
      {"linear", linear_faults()},
      {"max_pool3d", max_pool3d_faults()},
      {"relu", relu_faults()},
  };
  return table;
}

const std::vector<Equivalent>& equivalent_faults() {
  static const std::vector<Equivalent> list = {
      {"add", "swapped: gradients 0 and 1", "both are dy"},
      {"batch_norm_add_relu", "stale tensor: input 2", "backward takes its mask from y and does not read β"},
      {"batch_norm_add_relu", "freed too early: input 2", "likewise; kept for all four ops alike, it costs nothing"},
  };
  return list;
}

}  // namespace cg::test
