// SPDX-License-Identifier: Apache-2.0
#include "tests/support/tape_checks.h"

#include <fmt/format.h>

#include <cmath>
#include <cstring>

#include "autograd/tape.h"
#include "tensor/error.h"
#include "tensor/ops/add.h"
#include "tensor/ops/batch_norm_add_relu.h"
#include "tensor/ops/batch_norm_relu.h"
#include "tensor/ops/conv3d.h"
#include "tensor/ops/global_average_pool.h"
#include "tensor/ops/l2_normalise.h"
#include "tensor/ops/linear.h"
#include "tensor/ops/relu.h"
#include "tests/support/tensors.h"

namespace cg::test {
namespace {

using Numbers = std::vector<double>;

Tensor numbers(const Numbers& values) {
  HostBackend host;
  return tensor_of(host, {{static_cast<Index>(values.size())}, DType::f64}, values);
}

/// The network's leaves and statistics. Two blocks of convolution, normalisation and ReLU, the second with a residual.
class Network {
 public:
  static constexpr Index channels = 3;

  /// `backend`: host memory, or meta to plan.
  explicit Network(Backend& backend) : backend_(backend) {
    const Shape volume = {2, 4, 3, 5, channels}, weight = {channels, 3, 3, 3, channels};
    x = make("x", volume);
    for (int block = 0; block < 2; ++block) {
      w[block] = make("w", weight);
      gamma[block] = make("gamma", {channels});
      beta[block] = make("beta", {channels});
    }
    head = make("head", {4, channels});
    bias = make("bias", {4});
  }

  Variable forward(Tape& tape, const ChangeOp& change) {
    const auto apply = [&](const auto& op, std::vector<Variable> inputs) {
      return tape.apply(change(erase(op)), std::move(inputs), "network", true);
    };
    const Conv3d conv{.padding = {1, 1, 1}};
    const auto statistic = [&](double value) {
      return constant(backend_.from_host(tensor_of(memory_, {{channels}, DType::f64}, Numbers(channels, value))));
    };
    const Variable first =
        apply(BatchNormRelu{}, {apply(conv, {x, w[0]}), gamma[0], beta[0], statistic(0), statistic(1)});
    const Variable second =
        apply(BatchNormAddRelu{}, {apply(conv, {first, w[1]}), gamma[1], beta[1], statistic(0), statistic(1), first});
    return apply(L2Normalise{}, {apply(Linear{}, {apply(GlobalAveragePool{}, {second}), head, bias})});
  }

  std::vector<Variable*> leaves() { return {&x, &w[0], &w[1], &gamma[0], &gamma[1], &beta[0], &beta[1], &head, &bias}; }

 private:
  Variable make(const std::string& name, const Shape& shape) {
    Random random({.seed = 7, .sample = number_++});
    const Spec spec{shape, DType::f64};
    if (backend_.device() == Device::meta) return leaf(name, backend_.tensor(spec), backend_.tensor(spec));
    Tensor gradient = backend_.tensor(spec);
    return leaf(name, tensor_of(backend_, spec, normals(random, spec.count())), gradient);
  }

  Backend& backend_;
  HostBackend memory_;
  std::uint32_t number_ = 0;
  Variable x, w[2], gamma[2], beta[2], head, bias;
};

AnyOp as_it_is(AnyOp op) { return op; }

/// Output and all gradients of one step of the network.
Numbers step(Network& network, Backend& backend, const Registry& registry, const MemoryPlan* plan,
             const Tensor& arena) {
  Tape tape(backend, registry, plan, arena);
  const Variable z = network.forward(tape, as_it_is);
  Numbers all = numbers_of(z.value);
  Random random({.seed = 9});
  tape.backward(z, tensor_of(backend, z.spec(), normals(random, z.spec().count())));
  for (const Variable* leaf : network.leaves())
    for (double g : numbers_of(leaf->leaf->gradient)) all.push_back(g);
  return all;
}

/// Σ output · gradient, as in `step`.
double value(Network& network, Backend& backend, const Registry& registry) {
  Tape tape(backend, registry);
  const Numbers z = numbers_of(network.forward(tape, as_it_is).value);
  Random random({.seed = 9});
  const Numbers g = normals(random, static_cast<Index>(z.size()));
  double sum = 0;
  for (std::size_t k = 0; k < z.size(); ++k) sum += z[k] * g[k];
  return sum;
}

}  // namespace

std::string two_consumers_complaint(const Registry& registry) {
  HostBackend host;
  const Variable x = leaf("x", numbers({1, -2, 3}), numbers({0, 0, 0}));
  Tape tape(host, registry);
  const auto apply = [&](const auto& op, std::vector<Variable> inputs) {
    return tape.apply(erase(op), std::move(inputs), "", true);
  };
  const Variable twice = apply(Add{}, {x, x});
  const Variable y = apply(Add{}, {apply(Relu{}, {twice}), twice});  // relu(2x) + 2x
  tape.backward(y, numbers({1, 10, 100}));
  const Numbers got = numbers_of(x.leaf->gradient);
  return got == Numbers{4, 20, 400}
             ? ""
             : fmt::format("gradients {}, {}, {}; expected 4, 20, 400\n", got[0], got[1], got[2]);
}

std::string network_gradient_complaint(const Registry& registry) {
  constexpr double h = 1e-5;  // as in application.cpp
  HostBackend backend;
  Network network(backend);
  step(network, backend, registry, nullptr, {});
  std::string complaints;
  for (Variable* leaf : network.leaves()) {
    Random random({.seed = 11});
    const Numbers at = numbers_of(leaf->value), direction = normals(random, leaf->spec().count());
    const Numbers gradient = numbers_of(leaf->leaf->gradient);
    const auto moved = [&](double by) {
      Numbers to = at;
      for (std::size_t k = 0; k < to.size(); ++k) to[k] += by * direction[k];
      leaf->value = tensor_of(backend, leaf->spec(), to);
      return value(network, backend, registry);
    };
    const double want = (moved(h) - moved(-h)) / (2 * h);
    moved(0);
    double got = 0, size = 0;
    for (std::size_t k = 0; k < at.size(); ++k) {
      got += gradient[k] * direction[k];
      size += std::abs(gradient[k] * direction[k]);
    }
    if (!(std::abs(got - want) <= 1e-6 * (size + 1e-3)))
      complaints += fmt::format("{}: {} along a line, {} by differences\n", leaf->leaf->name, got, want);
  }
  return complaints;
}

std::string planned_memory_complaint(const Registry& registry, const ChangeOp& planned) {
  MetaBackend meta;
  Tape recorded(meta);
  Network shapes(meta);
  HostBackend backend;
  const MemoryPlan plan(recorded, {shapes.forward(recorded, planned)}, true, registry, backend);
  const Tensor arena = backend.tensor({{plan.arena_bytes()}, DType::u8});
  std::memset(arena.raw(), 0xFF, static_cast<std::size_t>(plan.arena_bytes()));  // NaN
  Network network(backend);
  const Numbers free = step(network, backend, registry, nullptr, {});
  try {
    return step(network, backend, registry, &plan, arena) == free ? "" : "other numbers than without a plan\n";
  } catch (const Error& error) {
    return std::string(error.what()) + "\n";
  }
}

}  // namespace cg::test
