// SPDX-License-Identifier: Apache-2.0
#include "tests/support/golden_ops.h"

#include <fmt/format.h>

#include "layers/file_order.h"
#include "tensor/ops/adam_update.h"
#include "tensor/ops/batch_norm.h"
#include "tensor/ops/conv3d.h"
#include "tensor/ops/max_pool3d.h"
#include "tests/support/tensors.h"

namespace cg::test {
namespace {

constexpr double bound = 1e-10;  // sums of the same terms in another order, relative to the largest number

/// One group of the file, with its volumes and weights in the engine's order: in the file they are [n, C, D, H, W].
class Group {
 public:
  Group(const Registry& registry, const GoldenFile& file, std::string name)
      : registry_(registry), file_(file), name_(std::move(name)) {}

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

  void compare(const std::vector<double>& got, const std::vector<double>& want, const std::string& what) {
    const double off = relative_to_largest(got, want);
    if (!(off <= bound)) complaints_ += fmt::format("{}: {} is off by {}\n", name_, what, off);
  }
  void compare(const Tensor& got, const std::string& dataset) {
    if (got.shape() != shape(dataset))
      complaints_ += fmt::format("{}: {} has shape {}\n", name_, dataset, to_string(got.shape()));
    compare(numbers_of(got), numbers(dataset), dataset);
  }
  template <Op O>
  const AnyKernel& kernel() const {
    return registry_.kernel<O>(Device::reference, DType::f64);
  }
  const std::string& complaints() const { return complaints_; }

 private:
  const Registry& registry_;
  const GoldenFile& file_;
  std::string name_, complaints_;
};

/// Runs forward and backward in double with the group's output gradient; the gradients of the first inputs are
/// compared with the datasets `gradients`.
template <Op O>
Call run(const O& op, Group& group, std::vector<Tensor> inputs, const std::vector<std::string>& gradients) {
  HostBackend host;
  Call call;
  call.backend = &host;
  std::vector<Spec> specs;
  for (const Tensor& input : inputs) specs.push_back(input.spec());
  const Plan plan = op.plan(specs);
  call.in = std::move(inputs);
  for (const Spec& spec : plan.outputs) call.out.push_back(host.tensor(spec));
  for (const Spec& spec : plan.saved) call.saved.push_back(host.tensor(spec));
  group.kernel<O>().forward(&op, call);
  group.compare(call.out[0], "output");
  call.grad_out = {group.tensor("output_gradient")};
  call.grad_in.resize(call.in.size());
  for (std::size_t j = 0; j < gradients.size(); ++j) call.grad_in[j] = host.tensor(specs[j]);
  group.kernel<O>().backward(&op, call);
  for (std::size_t j = 0; j < gradients.size(); ++j) group.compare(call.grad_in[j], gradients[j]);
  return call;
}

void compare_conv3d(Group& g) {
  const Conv3d op{.stride = g.triple("stride"), .padding = g.triple("padding")};
  run(op, g, {g.tensor("input"), g.tensor("weight")}, {"input_gradient", "weight_gradient"});
}

void compare_batch_norm(Group& g, bool training) {
  const Call call = run(BatchNorm{{.training = training}}, g,
                        {g.tensor("input"), g.tensor("weight"), g.tensor("bias"), g.tensor("running_mean_before"),
                         g.tensor("running_var_before")},
                        {"input_gradient", "weight_gradient", "bias_gradient"});
  g.compare(call.in[3], "running_mean");
  g.compare(call.in[4], "running_var");
}

/// Twenty steps of Adam.
void compare_adam(Group& g) {
  HostBackend host;
  const auto gradients = g.numbers("gradients"), wanted = g.numbers("parameters");
  const Spec spec{g.shape("initial"), DType::f64};
  const auto size = static_cast<std::size_t>(spec.count());
  const auto row = [size](const std::vector<double>& all, std::size_t k) {
    const auto from = all.begin() + static_cast<std::ptrdiff_t>(k * size);
    return std::vector<double>(from, from + static_cast<std::ptrdiff_t>(size));
  };
  Call call;
  call.backend = &host;
  call.in = {g.tensor("initial"), host.tensor(spec), host.tensor(spec), host.tensor(spec)};
  host.fill_zero(call.in[2]);
  host.fill_zero(call.in[3]);
  for (std::size_t k = 0; k < gradients.size() / size; ++k) {
    call.in[1] = tensor_of(host, spec, row(gradients, k));
    const AdamUpdate op{
        .rate = g.number("learning_rate"), .weight_decay = g.number("weight_decay"), .step = static_cast<Index>(k + 1)};
    g.kernel<AdamUpdate>().forward(&op, call);
    g.compare(numbers_of(call.in[0]), row(wanted, k), fmt::format("step {}", k + 1));
  }
}

}  // namespace

std::string op_of_group(const std::string& group) {
  if (group.starts_with("conv3d_")) return "conv3d";
  if (group.starts_with("batch_norm_")) return "batch_norm";
  if (group == "max_pool3d") return "max_pool3d";
  if (group == "adam") return "adam_update";
  return "";
}

std::string golden_complaint(const Registry& registry, const GoldenFile& file, const std::string& group) {
  Group g(registry, file, group);
  const std::string op = op_of_group(group);
  if (op == "conv3d") compare_conv3d(g);
  if (op == "batch_norm") compare_batch_norm(g, group == "batch_norm_train");
  if (op == "max_pool3d") run(MaxPool3d{}, g, {g.tensor("input")}, {"input_gradient"});
  if (op == "adam_update") compare_adam(g);
  return g.complaints();
}

}  // namespace cg::test
