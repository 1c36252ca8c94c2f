// Ops against PyTorch in double: tests/golden/ops.h5. Volumes in the file are [n, C, D, H, W].
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "layers/file_order.h"
#include "tensor/ops/adam_update.h"
#include "tensor/ops/batch_norm.h"
#include "tensor/ops/conv3d.h"
#include "tensor/ops/max_pool3d.h"
#include "tensor/registry.h"
#include "tests/support/golden_reader.h"
#include "tests/support/tensors.h"

using namespace cg;
using namespace cg::test;

namespace {

constexpr double bound = 1e-10;

/// One group of the file, with its volumes and weights in the engine's order.
class Group {
 public:
  Group(const GoldenFile& file, std::string name) : file_(file), name_(std::move(name)) {}

  std::vector<double> numbers(const std::string& dataset) const {
    return from_file_order(shape(dataset), file_.numbers(name_ + "/" + dataset));
  }
  Shape shape(const std::string& dataset) const {
    const Shape s = file_.shape(name_ + "/" + dataset);
    return s.size() == 5 ? Shape{s[0], s[2], s[3], s[4], s[1]} : s;
  }
  Tensor tensor(const std::string& dataset) const {
    HostBackend host;
    return tensor_of(host, {shape(dataset), DType::f64}, numbers(dataset));
  }
  Triple triple(const std::string& attribute) const {
    const Index n = file_.integer(name_, attribute);
    return {n, n, n};
  }
  double number(const std::string& attribute) const { return file_.number(name_, attribute); }
  void check(const Tensor& got, const std::string& dataset) const {
    CAPTURE(dataset);
    CHECK(got.shape() == shape(dataset));
    CHECK(relative_to_largest(numbers_of(got), numbers(dataset)) <= bound);
  }

 private:
  const GoldenFile& file_;
  std::string name_;
};

/// Runs forward and backward in double with the group's output gradient; all inputs' gradients where `gradients`.
template <Op O>
Call run(const O& op, const Group& group, std::vector<Tensor> inputs, std::size_t gradients) {
  HostBackend host;
  Call call;
  call.backend = &host;
  std::vector<Spec> specs;
  for (const Tensor& input : inputs) specs.push_back(input.spec());
  const Plan plan = op.plan(specs);
  call.in = std::move(inputs);
  for (const Spec& spec : plan.outputs) call.out.push_back(host.tensor(spec));
  for (const Spec& spec : plan.saved) call.saved.push_back(host.tensor(spec));
  const AnyKernel& kernel = Registry::standard().kernel<O>(Device::reference, DType::f64);
  kernel.forward(&op, call);
  group.check(call.out[0], "output");
  call.grad_out = {group.tensor("output_gradient")};
  call.grad_in.resize(call.in.size());
  for (std::size_t j = 0; j < gradients; ++j) call.grad_in[j] = host.tensor(specs[j]);
  kernel.backward(&op, call);
  return call;
}

void check_conv3d(const Group& g) {
  const Conv3d op{.stride = g.triple("stride"), .padding = g.triple("padding")};
  const Call call = run(op, g, {g.tensor("input"), g.tensor("weight")}, 2);
  g.check(call.grad_in[0], "input_gradient");
  g.check(call.grad_in[1], "weight_gradient");
}

void check_batch_norm(const Group& g, bool training) {
  const Call call = run(BatchNorm{{.training = training}}, g,
                        {g.tensor("input"), g.tensor("weight"), g.tensor("bias"), g.tensor("running_mean_before"),
                         g.tensor("running_var_before")},
                        3);
  g.check(call.grad_in[0], "input_gradient");
  g.check(call.grad_in[1], "weight_gradient");
  g.check(call.grad_in[2], "bias_gradient");
  g.check(call.in[3], "running_mean");
  g.check(call.in[4], "running_var");
}

void check_max_pool3d(const Group& g) {
  const Call call = run(MaxPool3d{}, g, {g.tensor("input")}, 1);
  g.check(call.grad_in[0], "input_gradient");
}

void check_adam(const Group& g) {
  HostBackend host;
  const auto gradients = g.numbers("gradients"), wanted = g.numbers("parameters");
  const Spec spec{g.shape("initial"), DType::f64};
  const auto size = static_cast<std::size_t>(spec.count());
  const auto row = [size](const std::vector<double>& all, std::size_t k) {
    const auto from = all.begin() + static_cast<std::ptrdiff_t>(k * size);
    return std::vector<double>(from, from + static_cast<std::ptrdiff_t>(size));
  };
  Call call;
  call.in = {g.tensor("initial"), host.tensor(spec), host.tensor(spec), host.tensor(spec)};
  host.fill_zero(call.in[2]);
  host.fill_zero(call.in[3]);
  REQUIRE(g.shape("gradients") == Shape{20, spec.shape[0]});
  for (std::size_t k = 0; k < 20; ++k) {
    call.in[1] = tensor_of(host, spec, row(gradients, k));
    const AdamUpdate op{
        .rate = g.number("learning_rate"), .weight_decay = g.number("weight_decay"), .step = static_cast<Index>(k + 1)};
    Registry::standard().kernel<AdamUpdate>(Device::reference, DType::f64).forward(&op, call);
    CAPTURE(k);
    CHECK(relative_to_largest(numbers_of(call.in[0]), row(wanted, k)) <= bound);
  }
}

}  // namespace

TEST_CASE("ops: outputs and gradients are PyTorch's, for every group of the golden file") {
  const GoldenFile file("ops.h5");
  int known = 0;
  for (const std::string& name : file.groups()) {
    CAPTURE(name);
    const Group group(file, name);
    if (name.starts_with("ridge_")) continue;  // experiments/analysis/ridge_test.cpp
    if (name.starts_with("conv3d_"))
      check_conv3d(group);
    else if (name == "batch_norm_train" || name == "batch_norm_eval")
      check_batch_norm(group, name == "batch_norm_train");
    else if (name == "max_pool3d")
      check_max_pool3d(group);
    else if (name == "adam")
      check_adam(group);
    else
      FAIL_CHECK("no op for this group");
    ++known;
  }
  CHECK(known >= 8);  // four convolutions, two batch norms, the pool, Adam
}
