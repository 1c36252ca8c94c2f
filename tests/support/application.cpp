// SPDX-License-Identifier: Apache-2.0
#include "tests/support/application.h"

#include <cmath>
#include <cstring>

#include "tests/support/tensors.h"

namespace cg::test {

Application::Application(const Registry& registry, Backend& backend, const Example& example, DType activations)
    : backend_(backend),
      example_(example),
      kernel_(registry.kernel(example.op.type, backend.device(), activations)),
      specs_(example.specs(activations)),
      plan_(example.op.plan(specs_)) {
  call_.backend = &backend;
  for (std::size_t j = 0; j < specs_.size(); ++j)
    call_.in.push_back(tensor_of(backend, specs_[j], example.inputs[j].numbers));
  for (const Spec& spec : plan_.outputs) call_.out.push_back(poisoned(spec));
  for (const Spec& spec : plan_.saved) call_.saved.push_back(poisoned(spec));
}

Tensor Application::poisoned(const Spec& spec) const {
  HostBackend memory;
  Tensor host = memory.tensor(spec);
  std::memset(host.raw(), 0xFF, static_cast<std::size_t>(spec.size_bytes()));  // NaN in all three types
  Tensor out = backend_.tensor(spec);
  backend_.to_device(host, out);
  return out;
}

void Application::hide(std::vector<Tensor>& tensors, unsigned kept) const {
  for (std::size_t j = 0; j < tensors.size(); ++j)
    if (!((kept >> j) & 1u)) tensors[j] = poisoned(tensors[j].spec());
}

void Application::give_workspace(Index Workspace::*bytes, unsigned wanted, unsigned adds) {
  call_.workspace = {};
  if (!kernel_.workspace) return;
  const Workspace asked = kernel_.workspace(example_.op.op.get(), {specs_, wanted, backend_, adds});
  if (asked.*bytes > 0) call_.workspace = poisoned({{asked.*bytes}, DType::u8});
}

void Application::forward() {
  give_workspace(&Workspace::forward, example_.differentiable());
  kernel_.forward(example_.op.op.get(), call_);
}

void Application::backward(const std::vector<std::vector<double>>& gradients, unsigned wanted) {
  run_backward(gradients, wanted, 0, [&](std::size_t j, const Call&) { return poisoned(specs_[j]); });
}

void Application::backward_in_place(const std::vector<std::vector<double>>& gradients, unsigned wanted) {
  run_backward(gradients, wanted, 0, [&](std::size_t j, const Call& kept) {
    return (plan_.in_place >> j) & 1u ? kept.in[j] : poisoned(specs_[j]);
  });
}

void Application::backward_adding(const std::vector<std::vector<double>>& gradients, unsigned wanted,
                                  const std::vector<std::vector<double>>& before) {
  run_backward(gradients, wanted, kernel_.adds & wanted, [&](std::size_t j, const Call&) {
    return (kernel_.adds >> j) & 1u ? tensor_of(backend_, specs_[j], before[j]) : poisoned(specs_[j]);
  });
}

void Application::run_backward(const std::vector<std::vector<double>>& gradients, unsigned wanted, unsigned adds,
                               const GradientMemory& memory) {
  Call kept = call_;
  hide(kept.in, plan_.saved_inputs);
  hide(kept.out, plan_.saved_outputs);
  for (std::size_t j = 0; j < plan_.outputs.size(); ++j)
    kept.grad_out.push_back(tensor_of(backend_, plan_.outputs[j], gradients[j]));
  kept.grad_in.resize(specs_.size());
  for (std::size_t j = 0; j < specs_.size(); ++j)
    if ((wanted >> j) & 1u) kept.grad_in[j] = memory(j, kept);
  kept.adds = adds;
  give_workspace(&Workspace::backward, wanted, adds);
  kept.workspace = call_.workspace;
  kernel_.backward(example_.op.op.get(), kept);
  call_.grad_in = kept.grad_in;
}

void Application::recompute() {
  Call kept = call_;
  hide(kept.in, plan_.saved_inputs);
  hide(kept.out, ~plan_.recomputable);
  for (std::size_t j = 0; j < kept.out.size(); ++j) kept.out[j] = poisoned(kept.out[j].spec());
  give_workspace(&Workspace::recompute, 0);
  kept.workspace = call_.workspace;
  kernel_.recompute(example_.op.op.get(), kept);
  call_.out = kept.out;
}

void Application::set_input(std::size_t j, const std::vector<double>& numbers) {
  call_.in[j] = tensor_of(backend_, specs_[j], numbers);
}

std::vector<double> Application::read(const Tensor& tensor) const {
  HostBackend memory;
  Tensor host = memory.tensor(tensor.spec());
  backend_.to_host(tensor, host);
  return numbers_of(host);
}

std::string complaint_in_place(Application& applied, const std::vector<std::vector<double>>& gradients,
                               unsigned wanted) {
  std::vector<std::vector<double>> apart;
  applied.backward(gradients, wanted);
  for (std::size_t j = 0; j < applied.call().in.size(); ++j)
    apart.push_back((wanted >> j) & 1u ? applied.gradient(j) : std::vector<double>());
  applied.backward_in_place(gradients, wanted);
  std::string complaints;
  for (std::size_t j = 0; j < apart.size(); ++j)
    if (((wanted >> j) & 1u) && applied.gradient(j) != apart[j])
      complaints += "gradient " + std::to_string(j) + " differs if gradients are written over their inputs\n";
  return complaints;
}

std::vector<double> difference_gradient(const Registry& registry, const Example& example, std::size_t j,
                                        const std::vector<std::vector<double>>& gradients) {
  // Truncation error ~ step² ~ 1e-10, rounding ~ 1e-16 / step ~ 1e-11 of a value of order 1: far below the 1e-6 asked.
  constexpr double step = 1e-5;
  HostBackend backend;
  Application tried(registry, backend, example, DType::f64);
  const auto outputs_at = [&](const std::vector<double>& x) {
    for (std::size_t k = 0; k < example.inputs.size(); ++k)
      if (example.inputs[k].overwritten) tried.set_input(k, example.inputs[k].numbers);
    tried.set_input(j, x);
    tried.forward();
    std::vector<double> all;
    for (std::size_t o = 0; o < gradients.size(); ++o) {
      const auto out = tried.output(o);
      all.insert(all.end(), out.begin(), out.end());
    }
    return all;
  };
  std::vector<double> flat, result, x = example.inputs[j].numbers;
  for (const auto& g : gradients) flat.insert(flat.end(), g.begin(), g.end());
  for (double& entry : x) {
    const double at = entry;
    entry = at + step;
    const auto above = outputs_at(x);
    entry = at - step;
    const auto below = outputs_at(x);
    entry = at;
    double sum = 0;
    for (std::size_t k = 0; k < flat.size(); ++k) sum += flat[k] * (above[k] - below[k]);
    result.push_back(sum / (2 * step));
  }
  return result;
}

std::vector<std::vector<double>> random_gradients(Random& random, const Plan& plan) {
  std::vector<std::vector<double>> all;
  for (const Spec& spec : plan.outputs) all.push_back(normals(random, spec.count()));
  return all;
}

GradientDistance gradient_distance(const Registry& registry, const Example& example, Random& random) {
  HostBackend backend;
  Application applied(registry, backend, example, DType::f64);
  const auto gradients = random_gradients(random, applied.plan());
  applied.forward();
  applied.backward(gradients, example.differentiable());
  std::vector<std::vector<double>> want, got;
  double size = 0, largest = 0;
  for (std::size_t j = 0; j < example.inputs.size(); ++j) {
    if (!example.inputs[j].differentiable) continue;
    want.push_back(difference_gradient(registry, example, j, gradients));
    got.push_back(applied.gradient(j));
    size = std::max(size, norm(want.back()));
    for (double w : want.back()) largest = std::max(largest, std::abs(w));
  }
  // A gradient that is small beside the others is a difference of large terms: it is compared with a hundredth of them.
  GradientDistance out;
  const auto worse = [](double a, double b) { return std::isnan(a) || a > b ? a : b; };
  for (std::size_t j = 0; j < want.size(); ++j) {
    std::vector<double> off(want[j].size());
    double top = largest / 100, worst = 0;
    for (std::size_t k = 0; k < off.size(); ++k) {
      off[k] = got[j][k] - want[j][k];
      worst = worse(std::abs(off[k]), worst);
      top = std::max(top, std::abs(want[j][k]));
    }
    out.in_norm = worse(norm(off) / std::max(norm(want[j]), std::max(size / 100, 1e-300)), out.in_norm);
    out.largest = worse(worst / std::max(top, 1e-300), out.largest);
  }
  return out;
}

}  // namespace cg::test
