// SPDX-License-Identifier: Apache-2.0
#include "tests/support/parity.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "tests/support/application.h"
#include "tests/support/shrinking_draw.h"
#include "tests/support/tensors.h"

namespace cg::test {
namespace {

/// Largest difference allowed, relative to the largest number. float32: sums of a few hundred terms in another order;
/// bfloat16: 8 bits, rounded at each store.
double bound(DType dtype) { return dtype == DType::bf16 ? 3e-2 : dtype == DType::f32 ? 1e-5 : 1e-12; }

void compare_backward(const Example& example, Application& fast, Application& exact, Draw& draw, Comparison& result) {
  auto gradients = random_gradients(draw.random, exact.plan());
  double scale = 0;
  for (std::size_t o = 0; o < gradients.size(); ++o) {
    gradients[o] = rounded(gradients[o], fast.plan().outputs[o].dtype);
    for (double g : gradients[o]) scale = std::max(scale, std::abs(g));
  }
  unsigned wanted = static_cast<unsigned>(draw.size(1, 63)) & example.differentiable();
  if (wanted == 0) wanted = example.differentiable();
  fast.backward(gradients, wanted);
  exact.backward(gradients, wanted);
  for (std::size_t j = 0; j < example.inputs.size(); ++j)
    if ((wanted >> j) & 1u) result.compare(fmt::format("gradient {}", j), fast.gradient(j), exact.gradient(j), scale);
}

/// Large examples of a cell: 30, or CORTEXGRAD_LARGE_EXAMPLES (for programs that make tests slow, beside RC_PARAMS).
std::uint64_t large_examples() {
  const char* asked = std::getenv("CORTEXGRAD_LARGE_EXAMPLES");
  return asked ? std::stoull(asked) : 30;
}

}  // namespace

std::map<Device, std::unique_ptr<Backend>> backends_here() {
  std::map<Device, std::unique_ptr<Backend>> all;
  all[Device::reference] = std::make_unique<HostBackend>();
  all[Device::cpu] = make_cpu_backend();
  std::string why;
  if (auto cuda = make_cuda_backend(why)) all[Device::cuda] = std::move(cuda);
  return all;
}

Comparison::Comparison(DType dtype) : bound_(bound(dtype)) {}

void Comparison::compare(const std::string& what, const std::vector<double>& got, const std::vector<double>& want,
                         double scale) {
  values_ += static_cast<Index>(want.size());
  not_zero_ += std::count_if(want.begin(), want.end(), [](double w) { return w != 0; });
  double largest = scale, worst = 0;
  for (std::size_t k = 0; k < want.size(); ++k) {
    largest = std::max(largest, std::abs(want[k]));
    const double off = std::abs(got.at(k) - want[k]);
    worst = std::isnan(off) || off > worst ? off : worst;
  }
  if (!(worst <= bound_ * largest)) complaints_ += fmt::format("{} is off by {}, largest {}\n", what, worst, largest);
}

std::string Comparison::counts() const { return fmt::format("{} of {} values are not zero", not_zero_, values_); }

Example rounded(Example example, DType dtype) {
  const auto specs = example.specs(dtype);
  for (std::size_t j = 0; j < specs.size(); ++j)
    example.inputs[j].numbers = rounded(example.inputs[j].numbers, specs[j].dtype);
  return example;
}

void compare_with_reference(const Cell& cell, const Example& example, Draw& draw, Comparison& result) {
  HostBackend host;
  Application fast(cell.registry, cell.backend, example, cell.dtype);
  Application exact(cell.registry, host, example, DType::f64);
  fast.forward();
  exact.forward();
  for (std::size_t o = 0; o < exact.plan().outputs.size(); ++o)
    result.compare(fmt::format("output {}", o), fast.output(o), exact.output(o), 0.1);
  for (std::size_t j = 0; j < example.inputs.size(); ++j)
    if (example.inputs[j].overwritten) {
      result.compare(fmt::format("overwritten input {}", j), fast.input(j), exact.input(j), 0.1);
    } else {
      result.equal(fmt::format("input {}", j), fast.input(j), example.inputs[j].numbers);
      result.equal(fmt::format("the reference's input {}", j), exact.input(j), example.inputs[j].numbers);
    }
  if (fast.kernel().recompute) {
    const auto output = fast.output(0);
    fast.recompute();
    result.equal("a recomputed output", fast.output(0), output);
  }
  if (fast.kernel().backward) compare_backward(example, fast, exact, draw, result);
}

void check_cell(const Cell& cell, const std::string& op, const std::string& name) {
  const OpTests& examples = op_tests().at(op);
  const bool fast = cell.backend.device() != Device::reference;  // has other ways for large volumes
  Comparison result(cell.dtype);
  property(name, [&] {
    Draw draw = shrinking_draw(cell.dtype);
    const Example example = rounded(examples.draw(draw), cell.dtype);
    compare_with_reference(cell, example, draw, result);
    const std::string complaints = result.complaints();
    RC_LOG() << example.text << ": " << complaints;
    RC_ASSERT(complaints.empty());
  });
  for (std::uint64_t seed = 1; fast && examples.draw_large && seed <= large_examples(); ++seed) {
    Draw draw = Draw::seeded(seed, cell.dtype);
    const Example example = rounded(examples.draw_large(draw), cell.dtype);
    compare_with_reference(cell, example, draw, result);
    const std::string complaints = result.complaints();
    CHECK_MESSAGE(complaints.empty(), name, ", seed ", seed, ", ", example.text, ": ", complaints);
  }
  CHECK_MESSAGE(result.trusted(), name, ": ", result.counts());
}

int check_device(Backend& backend) {
  int cells = 0;
  for_each_cell(backend, [&](const std::string& name, const std::string& op, const Cell& cell) {
    if (backend.device() == Device::reference && cell.dtype == DType::f64) return;
    check_cell(cell, op, name);
    ++cells;
  });
  return cells;
}

void check_addition_in_place(Backend& backend) {
  for (const DType dtype : {DType::f32, DType::bf16}) {
    Draw draw = Draw::seeded(3, dtype);
    const Example example = rounded(op_tests().at("add").draw(draw), dtype);
    Application apart(Registry::standard(), backend, example, dtype);
    Application in_place = apart;
    apart.forward();
    in_place.set_input(0, example.inputs[0].numbers);
    in_place.call().out[0] = in_place.call().in[0];
    in_place.forward();
    CHECK(in_place.output(0) == apart.output(0));
  }
}

}  // namespace cg::test
