// SPDX-License-Identifier: Apache-2.0
#include "tests/support/op_checks.h"

#include <fmt/format.h>

#include "tensor/ops/all.h"
#include "tests/support/application.h"
#include "tests/support/tensors.h"

namespace cg::test {
namespace {

using Numbers = std::vector<double>;

const AnyKernel& exact_kernel(const Registry& registry, const Example& example) {
  return registry.kernel(example.op.type, Device::reference, DType::f64);
}

Numbers twice(const Numbers& x) {
  Numbers out = x;
  out.insert(out.end(), x.begin(), x.end());
  return out;
}

Numbers sum_of_halves(const Numbers& x) {
  Numbers out(x.begin(), x.begin() + static_cast<std::ptrdiff_t>(x.size() / 2));
  for (std::size_t k = 0; k < out.size(); ++k) out[k] += x[out.size() + k];
  return out;
}

/// The example with each sample standing for two, and the example with each sample there twice.
template <Op O>
std::pair<Example, Example> single_and_doubled(O op, const Example& example) {
  Example single = example, doubled = example;
  op.norm.equal_views = 2;
  single.op = erase(op);
  op.norm.equal_views = 1;
  doubled.op = erase(op);
  for (std::size_t j : {std::size_t{0}, std::size_t{5}})
    if (j < doubled.inputs.size()) {
      doubled.inputs[j].shape[0] *= 2;
      doubled.inputs[j].numbers = twice(doubled.inputs[j].numbers);
    }
  return {single, doubled};
}

std::string compare_views(const Registry& registry, const std::pair<Example, Example>& examples, Draw& draw) {
  const auto& [single, doubled] = examples;
  HostBackend backend;
  Application one(registry, backend, single, DType::f64), two(registry, backend, doubled, DType::f64);
  one.forward();
  two.forward();
  const auto gradients = random_gradients(draw.random, two.plan());
  one.backward({sum_of_halves(gradients[0])}, single.differentiable());
  two.backward(gradients, doubled.differentiable());
  std::string complaints;
  const auto compare = [&](const std::string& what, const Numbers& got, const Numbers& want) {
    const double off = relative_to_largest(got, want);  // sums of the same terms in another order
    if (!(off <= 1e-12)) complaints += fmt::format("{} is off by {}\n", what, off);
  };
  compare("the output", twice(one.output(0)), two.output(0));
  for (std::size_t j : {std::size_t{3}, std::size_t{4}})
    compare(fmt::format("running statistic {}", j), one.input(j), two.input(j));
  for (std::size_t j : {std::size_t{1}, std::size_t{2}})
    compare(fmt::format("gradient {}", j), one.gradient(j), two.gradient(j));
  compare("gradient 0", one.gradient(0), sum_of_halves(two.gradient(0)));
  if (single.inputs.size() > 5) compare("gradient 5", one.gradient(5), sum_of_halves(two.gradient(5)));
  return complaints;
}

bool has_backward(const Registry& registry, const Example& example) {
  return static_cast<bool>(exact_kernel(registry, example).backward);
}

bool recomputes(const Registry& registry, const Example& example) {
  return example.op.plan(example.specs(DType::f64)).recomputable != 0 || exact_kernel(registry, example).recompute;
}

std::string gradient_complaint(const Registry& registry, const Example& example, Draw& draw) {
  const GradientDistance distance = gradient_distance(registry, example, draw.random);
  if (distance.acceptable()) return "";
  return fmt::format("gradients are off by {} in norm, {} at most\n", distance.in_norm, distance.largest);
}

std::string wanted_gradients_complaint(const Registry& registry, const Example& example, Draw& draw) {
  HostBackend backend;
  Application applied(registry, backend, example, DType::f64);
  applied.forward();
  const auto gradients = random_gradients(draw.random, applied.plan());
  applied.backward(gradients, example.differentiable());
  std::string complaints;
  for (std::size_t j = 0; j < example.inputs.size(); ++j) {
    if (!example.inputs[j].differentiable) continue;
    Application alone = applied;
    alone.backward(gradients, 1u << j);
    if (alone.gradient(j) != applied.gradient(j)) complaints += fmt::format("gradient {} is another one alone\n", j);
  }
  return complaints;
}

std::string recompute_complaint(const Registry& registry, const Example& example, Draw&) {
  const AnyKernel& kernel = exact_kernel(registry, example);
  const bool recomputable = example.op.plan(example.specs(DType::f64)).recomputable != 0;
  if (!recomputable) return "";
  if (!kernel.recompute) return "the plan says that the output can be recomputed, but no kernel does it\n";
  HostBackend backend;
  Application applied(registry, backend, example, DType::f64);
  applied.forward();
  std::vector<Numbers> inputs, saved;
  for (std::size_t j = 0; j < example.inputs.size(); ++j) inputs.push_back(applied.input(j));
  for (std::size_t j = 0; j < applied.plan().saved.size(); ++j) saved.push_back(applied.saved(j));
  const Numbers output = applied.output(0);
  applied.recompute();
  std::string complaints;
  if (applied.output(0) != output) complaints += "the recomputed output is another one\n";
  for (std::size_t j = 0; j < inputs.size(); ++j)
    if (applied.input(j) != inputs[j]) complaints += fmt::format("recomputing changed input {}\n", j);
  for (std::size_t j = 0; j < saved.size(); ++j)
    if (applied.saved(j) != saved[j]) complaints += fmt::format("recomputing changed saved tensor {}\n", j);
  return complaints;
}

bool writes_in_place(const Registry&, const Example& example) {
  return example.op.plan(example.specs(DType::f64)).in_place != 0;
}

std::string in_place_complaint(const Registry& registry, const Example& example, Draw& draw) {
  HostBackend backend;
  Application applied(registry, backend, example, DType::f64);
  applied.forward();
  return complaint_in_place(applied, random_gradients(draw.random, applied.plan()), example.differentiable());
}

/// Calls body(op) where the example's op normalises.
template <class Body>
void if_normalising(const Example& example, const Body& body) {
  for_each_op([&]<Op O>() {
    if constexpr (requires(O op) { op.norm; })
      if (example.op.type == typeid(O)) body(*static_cast<const O*>(example.op.op.get()));
  });
}

bool normalises(const Registry&, const Example& example) {
  bool found = false;
  if_normalising(example, [&](const auto&) { found = true; });
  return found;
}

std::string equal_views_complaint(const Registry& registry, const Example& example, Draw& draw) {
  std::string complaint;
  if_normalising(example,
                 [&](const auto& op) { complaint = compare_views(registry, single_and_doubled(op, example), draw); });
  return complaint;
}

}  // namespace

OpCheck gradient_check() { return {"gradient", has_backward, gradient_complaint}; }
OpCheck wanted_gradients_check() { return {"wanted gradients", has_backward, wanted_gradients_complaint}; }
OpCheck recompute_check() { return {"recompute", recomputes, recompute_complaint}; }
OpCheck in_place_check() { return {"in place", writes_in_place, in_place_complaint}; }
OpCheck equal_views_check() { return {"equal views", normalises, equal_views_complaint}; }

}  // namespace cg::test
