// SPDX-License-Identifier: Apache-2.0
// Mistakes that every kernel can have. A broken kernel runs the right one and tampers with what it reads or writes.
#include "tests/support/faults.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>

#include "tests/support/tensors.h"

namespace cg::test {
namespace {

using Numbers = std::vector<double>;
using Run = std::function<void(const void*, Call&)>;

Numbers read(Backend& backend, const Tensor& tensor) {
  HostBackend memory;
  Tensor host = memory.tensor(tensor.spec());
  backend.to_host(tensor, host);
  return numbers_of(host);
}

void write(Backend& backend, Tensor& tensor, const Numbers& numbers) {
  const Tensor made = tensor_of(backend, tensor.spec(), numbers);
  HostBackend memory;
  Tensor host = memory.tensor(tensor.spec());
  backend.to_host(made, host);
  backend.to_device(host, tensor);
}

Tensor copy(Backend& backend, const Tensor& tensor) {
  HostBackend memory;
  Tensor host = memory.tensor(tensor.spec()), made = backend.tensor(tensor.spec());
  backend.to_host(tensor, host);
  backend.to_device(host, made);
  return made;
}

/// What is stored where the kernel should have stored `right`; `before` was there.
struct Rule {
  const char* kind;
  Numbers (*stored)(Numbers right, const Numbers& before);
  bool fine = false;
};

constexpr Rule rules[] = {
    {"sign",
     [](Numbers right, const Numbers&) {
       for (double& value : right) value = -value;
       return right;
     }},
    {"factor 1 + 1e-3",
     [](Numbers right, const Numbers&) {
       for (double& value : right) value *= 1 + 1e-3;
       return right;
     },
     true},
    {"shifted index",
     [](Numbers right, const Numbers&) {
       std::rotate(right.begin(), right.begin() + 1, right.end());
       return right;
     }},
    {"not written", [](Numbers, const Numbers& before) { return before; }},
    {"loop one short",
     [](Numbers right, const Numbers& before) {
       right.back() = before.back();
       return right;
     }},
    {"swallowed NaN",
     [](Numbers right, const Numbers&) {
       for (double& value : right)
         if (std::isnan(value)) value = 0;
       return right;
     }},
    {"added instead of written",
     [](Numbers right, const Numbers& before) {
       for (std::size_t k = 0; k < right.size(); ++k) right[k] += before[k];
       return right;
     }},
};

/// Picks the tensor of a call that a fault is about; an empty one where the call has none.
using Place = std::function<Tensor&(Call&)>;

/// A kernel that stores at `place` by a rule. What it overwrites it reads first: `in_place`.
Run storing(const Run& right, const Place& place, const Rule& rule, bool in_place) {
  return [=](const void* op, Call& call) {
    if (!place(call)) return right(op, call);
    Backend& backend = *call.backend;
    const Numbers before = read(backend, place(call));
    Call inner = call;
    place(inner) = in_place ? copy(backend, place(call)) : backend.tensor(place(call).spec());
    right(op, inner);
    write(backend, place(call), rule.stored(read(backend, place(inner)), before));
  };
}

void add_stored(std::vector<Fault>& faults, const std::string& what, Run AnyKernel::*part, const Place& place,
                bool in_place = false) {
  for (const Rule& rule : rules)
    faults.push_back({rule.kind, what,
                      [=](AnyKernel right) {
                        right.*part = storing(right.*part, place, rule, in_place);
                        return right;
                      },
                      nullptr, rule.fine});
}

/// A call of the same shapes on other numbers: those of every input in reverse order.
Call another_batch(const Run& forward, const void* op, const Call& call) {
  Call other = call;
  for (Tensor& input : other.in) {
    Numbers numbers = read(*call.backend, input);
    std::reverse(numbers.begin(), numbers.end());
    input = tensor_of(*call.backend, input.spec(), numbers);
  }
  for (auto* tensors : {&other.out, &other.saved})
    for (Tensor& tensor : *tensors) tensor = call.backend->tensor(tensor.spec());
  forward(op, other);
  return other;
}

/// Backward and recompute see one tensor of another batch.
Fault stale(const std::string& what, const Place& place) {
  return {"stale tensor", what, [place](AnyKernel right) {
            const auto other = std::make_shared<Call>();
            const auto with_stale = [=](const Run& run) -> Run {
              if (!run) return nullptr;
              return [=](const void* op, Call& call) {
                Call inner = call;
                if (!other->in.empty() && place(*other).spec() == place(call).spec()) place(inner) = place(*other);
                run(op, inner);
              };
            };
            AnyKernel out = right;
            out.forward = [=](const void* op, Call& call) {
              *other = another_batch(right.forward, op, call);
              right.forward(op, call);
            };
            out.backward = with_stale(right.backward);
            out.recompute = with_stale(right.recompute);
            return out;
          }};
}

/// Backward with the gradients of some samples of the batch at zero; only those of `inputs` are stored.
Fault with_samples(const std::string& kind, const std::string& what, unsigned inputs, bool (*kept)(Index n, Index of)) {
  return {kind, what, [=](AnyKernel right) {
            right.backward = [run = right.backward, inputs, kept](const void* op, Call& call) {
              Call inner = call, rest = call;
              const Tensor& dy = call.grad_out[0];
              const Index samples = dy.shape()[0];
              const std::size_t width = static_cast<std::size_t>(dy.spec().count() / samples);
              const Numbers all = read(*call.backend, dy);
              inner.grad_out[0] = like(
                  call, dy, [&](std::size_t k) { return kept(static_cast<Index>(k / width), samples) ? all[k] : 0.0; });
              for (std::size_t j = 0; j < call.in.size(); ++j) ((inputs >> j) & 1u ? rest : inner).grad_in[j] = {};
              const auto wants = [](const Call& c) {
                return std::any_of(c.grad_in.begin(), c.grad_in.end(), [](const Tensor& t) { return bool(t); });
              };
              if (wants(inner)) run(op, inner);
              if (wants(rest)) run(op, rest);
            };
            return right;
          }};
}

/// Exchanges the tensors of two places.
Fault swapped(const std::string& what, const Place& a, const Place& b) {
  return {"swapped", what, [=](AnyKernel right) {
            right.backward = [=, run = right.backward](const void* op, Call& call) {
              Call inner = call;
              if (a(inner) && a(inner).spec() == b(inner).spec()) std::swap(a(inner), b(inner));
              run(op, inner);
            };
            return right;
          }};
}

Place input(std::size_t j) {
  return [j](Call& call) -> Tensor& { return call.in[j]; };
}
Place gradient(std::size_t j) {
  return [j](Call& call) -> Tensor& { return call.grad_in[j]; };
}
Place output() {
  return [](Call& call) -> Tensor& { return call.out[0]; };
}
Place saved(std::size_t j) {
  return [j](Call& call) -> Tensor& { return call.saved[j]; };
}

/// A forward that leaves another number in an input that it may only read.
Fault scribbling(std::size_t j) {
  return {"input overwritten", fmt::format("input {}", j), [j](AnyKernel right) {
            right.forward = [j, run = right.forward](const void* op, Call& call) {
              run(op, call);
              Numbers numbers = read(*call.backend, call.in[j]);
              numbers[0] = 2 * numbers[0] + 1;
              write(*call.backend, call.in[j], numbers);
            };
            return right;
          }};
}

void add_backward_faults(std::vector<Fault>& faults, const Example& any, const Plan& plan, DType activations) {
  const auto specs = any.specs(activations);
  unsigned parameters = 0;
  for (std::size_t j = 0; j < any.inputs.size(); ++j) {
    if (!any.inputs[j].differentiable) continue;
    add_stored(faults, fmt::format("gradient {}", j), &AnyKernel::backward, gradient(j));
    if (any.inputs[j].parameter) parameters |= 1u << j;
    for (std::size_t i = 0; i < j; ++i)
      if (any.inputs[i].differentiable && specs[i] == specs[j]) {
        faults.push_back(swapped(fmt::format("gradients {} and {}", i, j), gradient(i), gradient(j)));
        if ((plan.saved_inputs >> i) & (plan.saved_inputs >> j) & 1u)
          faults.push_back(swapped(fmt::format("inputs {} and {}", i, j), input(i), input(j)));
      }
  }
  faults.push_back(with_samples("dropped term", "the last sample", any.differentiable(),
                                [](Index n, Index samples) { return n + 1 < samples; }));
  if (parameters)
    faults.push_back(with_samples("missing sum over the batch", "only the first sample reaches the parameters",
                                  parameters, [](Index n, Index) { return n == 0; }));
  for (std::size_t j = 0; j < any.inputs.size(); ++j)
    if ((plan.saved_inputs >> j) & 1u) faults.push_back(stale(fmt::format("input {}", j), input(j)));
  if (plan.saved_outputs) faults.push_back(stale("the output", output()));
  for (std::size_t j = 0; j < plan.saved.size(); ++j)
    faults.push_back(stale(fmt::format("saved tensor {}", j), saved(j)));
}

}  // namespace

Call with_all_gradients(const Call& call) {
  Call all = call;
  for (std::size_t j = 0; j < call.in.size(); ++j)
    if (!all.grad_in[j]) all.grad_in[j] = call.backend->tensor(call.in[j].spec());
  return all;
}

Tensor like(const Call& call, const Tensor& tensor, const std::function<double(std::size_t)>& number) {
  Numbers numbers(static_cast<std::size_t>(tensor.spec().count()));
  for (std::size_t k = 0; k < numbers.size(); ++k) numbers[k] = number(k);
  return tensor_of(*call.backend, tensor.spec(), numbers);
}

std::vector<Fault> joined(const std::vector<std::vector<Fault>>& lists) {
  std::vector<Fault> all;
  for (const auto& list : lists) all.insert(all.end(), list.begin(), list.end());
  return all;
}

std::vector<Fault> generic_faults(const Example& any, const AnyKernel& kernel, DType activations) {
  const Plan plan = any.op.plan(any.specs(activations));
  std::vector<Fault> faults;
  if (!plan.outputs.empty()) add_stored(faults, "the output", &AnyKernel::forward, output());
  for (std::size_t j = 0; j < any.inputs.size(); ++j)
    if (any.inputs[j].overwritten)
      add_stored(faults, fmt::format("overwritten input {}", j), &AnyKernel::forward, input(j), true);
    else
      faults.push_back(scribbling(j));
  if (kernel.recompute) add_stored(faults, "the recomputed output", &AnyKernel::recompute, output());
  if (kernel.backward) add_backward_faults(faults, any, plan, activations);
  return faults;
}

std::vector<Fault> plan_faults(const Example& any) {
  const Plan plan = any.op.plan(any.specs(DType::f64));
  std::vector<Fault> faults;
  for (std::size_t j = 0; j < any.inputs.size(); ++j)
    if ((plan.saved_inputs >> j) & 1u)
      faults.push_back({"freed too early", fmt::format("input {}", j), nullptr, [j](Plan p) {
                          p.saved_inputs &= ~(1u << j);
                          return p;
                        }});
  if (plan.saved_outputs)
    faults.push_back({"freed too early", "the output", nullptr, [](Plan p) {
                        p.saved_outputs = 0;
                        return p;
                      }});
  return faults;
}

}  // namespace cg::test
