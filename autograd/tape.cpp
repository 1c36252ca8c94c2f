// SPDX-License-Identifier: Apache-2.0
#include "autograd/tape.h"

#include <fmt/format.h>

#include <cassert>
#include <typeindex>

#include "tensor/error.h"
#include "tensor/ops/add.h"

namespace cg {
namespace {

bool bit(unsigned mask, std::size_t j) { return (mask >> j) & 1u; }

/// The spec without the memory: what backward may still ask of a tensor it does not read.
Tensor ghost(const Tensor& tensor) { return {tensor.spec(), tensor.device(), nullptr}; }

}  // namespace

std::vector<Spec> Node::specs() const {
  std::vector<Spec> all;
  for (const Variable& input : inputs) all.push_back(input.spec());
  return all;
}

unsigned Node::wanted_gradients() const {
  unsigned mask = 0;
  for (std::size_t j = 0; j < inputs.size(); ++j) mask |= (inputs[j].needs_gradient ? 1u : 0u) << j;
  return mask;
}

Workspace workspace_of(const Node& node, const AnyKernel& kernel, Backend& backend, unsigned adds) {
  if (!kernel.workspace) return {};
  const std::vector<Spec> specs = node.specs();
  return kernel.workspace(node.op.op.get(), {specs, node.wanted_gradients(), backend, adds});
}

Tensor Tape::buffer(int node, Role role, int index, const Spec& spec) {
  if (!plan_) return backend_.tensor(spec);
  const Buffer* planned = plan_->find(node, role, index);
  if (!planned || planned->bytes != spec.size_bytes())
    fail(ErrorKind::usage, nodes_.at(static_cast<std::size_t>(node)).scope,
         fmt::format("{} of {} bytes was not planned", name_of(role), spec.size_bytes()),
         "Plan the step with the same shapes and the same mode as when it runs.");
  return arena_.part(spec, planned->offset);
}

void Tape::give_workspace(int at, const AnyKernel& run, Role role, Index Workspace::*bytes) {
  Node& node = nodes_[static_cast<std::size_t>(at)];
  const Index size = workspace_of(node, run, backend_, node.call.adds).*bytes;
  node.call.workspace = size > 0 ? buffer(at, role, 0, {{size}, DType::u8}) : Tensor();
}

const AnyKernel& Tape::kernel(const Node& node) const {
  return registry_.kernel(node.op.type, backend_.device(), node.inputs[0].spec().dtype);
}

Variable Tape::apply(AnyOp op, std::vector<Variable> inputs, const std::string& scope, bool backward_follows) {
  const int at = static_cast<int>(nodes_.size());
  nodes_.push_back({scope, std::move(op), {}, std::move(inputs), {}, false});
  Node& node = nodes_.back();
  try {
    node.plan = node.op.plan(node.specs());
  } catch (const Error& error) {
    fail(error.kind(), fmt::format("{} ({})", scope, error.where()), error.found(), error.fix());
  }
  if (plan_ && (static_cast<std::size_t>(at) >= plan_->ops().size() ||
                plan_->ops()[static_cast<std::size_t>(at)] != node.op.name))
    fail(ErrorKind::usage, scope, fmt::format("{} is not at this position of the plan", node.op.name),
         "Plan the step again.");
  for (const Variable& input : node.inputs) node.needs_gradient |= backward_follows && input.needs_gradient;

  Call& call = node.call;
  call.backend = &backend_;
  for (const Variable& input : node.inputs) {
    call.in.push_back(input.value);
    call.bfloat16_copies.push_back(input.leaf ? input.leaf->bfloat16_copy : Tensor());
  }
  assert(node.plan.outputs.size() == 1);
  call.out.push_back(buffer(at, Role::output, 0, node.plan.outputs[0]));
  for (std::size_t j = 0; j < node.plan.saved.size(); ++j)
    call.saved.push_back(buffer(at, Role::saved, static_cast<int>(j), node.plan.saved[j]));
  Variable out{call.out[0], at, nullptr, node.needs_gradient};
  if (backend_.device() == Device::meta) return out;

  const AnyKernel& run = kernel(node);
  give_workspace(at, run, Role::forward_workspace, &Workspace::forward);
  if (observer_) observer_->before(node);
  run.forward(node.op.op.get(), call);
  if (observer_) observer_->after_forward(node, call.out[0]);
  keep_for_backward(node, backward_follows);
  return out;
}

void Tape::keep_for_backward(Node& node, bool backward_follows) {
  const bool keeps = backward_follows && node.needs_gradient;
  const auto recomputable = [this](const Variable& v) {  // a node without gradient has not kept what that needs
    return v.node >= 0 && v.needs_gradient && bit(nodes_[static_cast<std::size_t>(v.node)].plan.recomputable, 0);
  };
  node.call.workspace = {};
  for (std::size_t j = 0; j < node.inputs.size(); ++j) {
    if (!keeps || !bit(node.plan.saved_inputs, j) || recomputable(node.inputs[j]))
      node.call.in[j] = ghost(node.call.in[j]);
    node.inputs[j].value = ghost(node.inputs[j].value);
  }
  if (!keeps || !bit(node.plan.saved_outputs, 0) || bit(node.plan.recomputable, 0))
    node.call.out[0] = ghost(node.call.out[0]);
  if (!keeps) node.call.saved.clear();
}

/// Makes the kept inputs of a node present again where they were dropped.
void Tape::fetch_kept(int at) {
  Node& node = nodes_[static_cast<std::size_t>(at)];
  for (std::size_t j = 0; j < node.inputs.size(); ++j)
    if (bit(node.plan.saved_inputs, j) && !node.call.in[j].raw()) node.call.in[j] = value_of(node.inputs[j].node);
}

/// The output of a recomputable node, recomputed on the first call.
const Tensor& Tape::value_of(int at) {
  Node& node = nodes_[static_cast<std::size_t>(at)];
  if (node.call.out[0].raw()) return node.call.out[0];
  fetch_kept(at);
  const AnyKernel& run = kernel(node);
  if (!run.recompute)
    fail(ErrorKind::device, node.scope, fmt::format("the kernel of {} cannot recompute its output", node.op.name));
  node.call.out[0] = buffer(at, Role::recomputed, 0, node.plan.outputs[0]);
  give_workspace(at, run, Role::recompute_workspace, &Workspace::recompute);
  if (observer_) observer_->before(node);
  run.recompute(node.op.op.get(), node.call);
  if (observer_) observer_->after_forward(node, node.call.out[0]);
  return node.call.out[0];
}

void Tape::add(const Tensor& to, const Tensor& addend) {
  Call call{.in = {to, addend},
            .out = {to},
            .saved = {},
            .grad_out = {},
            .grad_in = {},
            .workspace = {},
            .backend = &backend_};
  const Add op;
  registry_.kernel<Add>(backend_.device(), to.dtype()).forward(&op, call);
}

void Tape::run_backward(int at, const Tensor& gradient) {
  Node& node = nodes_[static_cast<std::size_t>(at)];
  Call& call = node.call;
  fetch_kept(at);
  if (bit(node.plan.saved_outputs, 0)) call.out[0] = value_of(at);
  call.grad_out = {gradient};
  call.grad_in.assign(node.inputs.size(), {});
  const AnyKernel& run = kernel(node);
  std::vector<std::pair<Tensor, Tensor>> sums;  // (to, addend)
  for (std::size_t j = 0; j < node.inputs.size(); ++j) {
    const Variable& input = node.inputs[j];
    if (!input.needs_gradient) continue;
    const bool first =
        input.leaf ? !leaf_written_[input.leaf.get()] : !gradients_[static_cast<std::size_t>(input.node)];
    if (input.leaf) {
      leaf_written_[input.leaf.get()] = true;
    } else if (first) {
      gradients_[static_cast<std::size_t>(input.node)] = buffer(input.node, Role::gradient, 0, input.spec());
    }
    const Tensor target = input.leaf ? input.leaf->gradient : gradients_[static_cast<std::size_t>(input.node)];
    const bool adds = !first && bit(run.adds, j);
    if (adds) call.adds |= 1u << j;
    call.grad_in[j] = first || adds ? target : buffer(at, Role::addend, static_cast<int>(j), input.spec());
    if (!first && !adds) sums.emplace_back(target, call.grad_in[j]);
  }
  give_workspace(at, run, Role::backward_workspace, &Workspace::backward);
  if (observer_)
    run_observed(node, run);
  else
    run.backward(node.op.op.get(), call);
  for (const auto& [to, addend] : sums) add(to, addend);
}

void Tape::run_observed(Node& node, const AnyKernel& run) {
  Call& call = node.call;
  const std::vector<Tensor> wanted = call.grad_in;
  const auto run_for = [&](std::size_t first, std::size_t last) {
    for (std::size_t j = 0; j < wanted.size(); ++j) call.grad_in[j] = first <= j && j < last ? wanted[j] : Tensor();
    observer_->before(node);
    run.backward(node.op.op.get(), call);
    observer_->after_backward(node, call);
  };
  if (!observer_->gradients_apart(node)) return run_for(0, wanted.size());
  for (std::size_t j = 0; j < wanted.size(); ++j)
    if (wanted[j]) run_for(j, j + 1);
}

void Tape::backward(const Variable& root, const Tensor& gradient) {
  if (consumed_)
    fail(ErrorKind::usage, "Tape::backward", "this tape has run backward already", "Record a new forward pass.");
  if (root.node < 0 || !root.needs_gradient)
    fail(ErrorKind::usage, "Tape::backward", "the root does not depend on a leaf that needs a gradient",
         "Record the forward pass in training mode, or with Context::explaining.");
  if (gradient.spec() != root.spec())
    fail(ErrorKind::usage, "Tape::backward",
         fmt::format("the gradient has shape {}, but the root has shape {}", to_string(gradient.shape()),
                     to_string(root.spec().shape)));
  consumed_ = true;
  gradients_.assign(nodes_.size(), {});
  gradients_[static_cast<std::size_t>(root.node)] = gradient;
  for (int at = static_cast<int>(nodes_.size()) - 1; at >= 0; --at) {
    const auto j = static_cast<std::size_t>(at);
    if (gradients_[j] && nodes_[j].needs_gradient) run_backward(at, gradients_[j]);
    gradients_[j] = {};
    nodes_[j].call = {};
  }
}

}  // namespace cg
