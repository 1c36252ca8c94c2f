// SPDX-License-Identifier: Apache-2.0
// The parameter store: what is written is read, in either type; a store that does not train holds no gradients.
#include "autograd/parameter.h"

#include <doctest/doctest.h>

#include "autograd/context.h"
#include "tensor/error.h"
#include "tensor/ops/linear.h"
#include "tests/support/tensors.h"
#include "tests/support/thrown.h"

using namespace cg;
using namespace cg::test;

namespace {

struct Declared {
  Parameter weight{"weight", {2, 3}, {}, true, {}}, bias{"bias", {2}, {}, true, {}}, mean{"mean", {2}, {}, false, {}};
  std::vector<Parameter*> all() { return {&weight, &bias, &mean}; }
};

}  // namespace

TEST_CASE("Parameters: single-precision values are written as double ones are, into every type of store") {
  HostBackend host;
  const std::vector<float> single = {0.1f, -2, 3e-8f, 4, 5, 1.0f / 3};
  const std::vector<double> twice(single.begin(), single.end());
  for (const DType dtype : {DType::f32, DType::f64})
    for (const bool copy : {false, true}) {
      CAPTURE(copy);
      Declared a, b;
      ParameterStore from_single(host, dtype, a.all(), copy), from_double(host, dtype, b.all(), copy);
      from_single.write(a.weight, std::span(single));
      from_double.write(b.weight, twice);
      CHECK(from_single.read(a.weight) == twice);
      if (!copy) continue;
      const Tensor rounded_single = a.weight.variable.leaf->bfloat16_copy;
      CHECK(numbers_of(rounded_single) == numbers_of(b.weight.variable.leaf->bfloat16_copy));
      CHECK(numbers_of(rounded_single) == rounded(twice, DType::bf16));
    }
  Declared d;
  ParameterStore store(host, DType::f32, d.all());
  check_fails([&] { store.write(d.bias, std::span(single)); }, ErrorKind::usage, {"bias", "6 values"});
}

TEST_CASE("Parameters: a store that does not train has no gradients, but gradients flow through its layers") {
  HostBackend host;
  std::vector<double> of_input;
  for (const bool trains : {true, false}) {
    CAPTURE(trains);
    Declared d;
    ParameterStore store(host, DType::f64, d.all(), false, trains);
    store.write(d.weight, {1, 2, 3, 4, 5, 6});
    store.write(d.bias, {0, 0});
    CHECK((store.gradients().raw() != nullptr) == trains);
    CHECK(d.weight.variable.needs_gradient == trains);
    CHECK_FALSE(d.mean.variable.needs_gradient);
    const Tensor x = tensor_of(host, {{1, 3}, DType::f64}, {7, 8, 9}), gradient = host.tensor(x.spec());
    Tape tape(host);
    Context ctx = Context::explaining(tape);
    const Variable y = ctx.apply(Linear{}, {leaf("x", x, gradient), d.weight.variable, d.bias.variable});
    tape.backward(y, tensor_of(host, {{1, 2}, DType::f64}, {1, 10}));
    CHECK(numbers_of(gradient) == std::vector<double>{41, 52, 63});
    if (trains) CHECK(store.read_gradient(d.weight) == std::vector<double>{7, 8, 9, 70, 80, 90});
  }
}

namespace {

/// A device whose memory cannot be written.
class FailingBackend final : public HostBackend {
 public:
  FailingBackend() : HostBackend(DeviceTraits{.device = Device::cpu, .description = "", .has_own_memory = true}) {}
  void to_device(const Tensor&, Tensor&) override {
    fail(ErrorKind::device, "the device", "it is lost", "Start again");
  }
};

}  // namespace

TEST_CASE("Parameters: a device that fails while weights are drawn, on several threads, is an error like any other") {
  FailingBackend backend;
  Declared d;
  ParameterStore store(backend, DType::f32, d.all());
  check_fails([&] { store.initialise(1); }, ErrorKind::device, {"it is lost"});
}
