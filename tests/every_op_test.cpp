// What holds for every op of the registry on the reference kernels: gradients against central differences in double,
// refused shapes, rebuilt outputs, equal views. Read next: every_op_parity_test.cpp (fast kernels),
// every_op_faults_test.cpp (whether these checks would notice).
#include <doctest/doctest.h>

#include "tensor/error.h"
#include "tensor/ops/batch_norm_add_relu.h"
#include "tensor/ops/batch_norm_relu.h"
#include "tensor/ops/batch_norm_relu_max_pool.h"
#include "tests/support/application.h"
#include "tests/support/property.h"
#include "tests/support/tensors.h"

using namespace cg;
using namespace cg::test;

namespace {

/// Calls body(name, row, examples) for every op of the registry that has examples.
template <class Body>
void for_each_op(const Body& body) {
  for (const auto& [type, row] : Registry::standard().rows())
    if (const auto found = op_examples().find(row.name); found != op_examples().end())
      body(row.name, row.kernels.at({Device::reference, DType::f64}), found->second);
}

}  // namespace

TEST_CASE("every op: a row of the registry has examples, and examples have a row") {
  std::map<std::string, int> rows;
  for (const auto& [type, row] : Registry::standard().rows()) {
    CHECK_MESSAGE(op_examples().contains(row.name), row.name, " has no examples in tests/support/op_examples.cpp");
    ++rows[row.name];
  }
  for (const auto& [name, examples] : op_examples()) CHECK_MESSAGE(rows[name] == 1, name);
}

TEST_CASE("every op: the backward is the derivative of the forward") {
  const Registry& registry = Registry::standard();
  for_each_op([&](const std::string& name, const AnyKernel& kernel, const OpExamples& examples) {
    if (!kernel.backward) return;
    property(name + ": gradient", [&] {
      Draw draw = shrinking_draw();
      const Example example = examples.draw(draw);
      RC_LOG() << example.text << "\n";
      const GradientDistance distance = gradient_distance(registry, example, draw.random);
      RC_LOG() << "in norm " << distance.in_norm << ", largest " << distance.largest << "\n";
      RC_ASSERT(distance.acceptable());
    });
  });
}

TEST_CASE("every op: a gradient does not depend on which others are wanted") {
  HostBackend backend;
  for_each_op([&](const std::string& name, const AnyKernel& kernel, const OpExamples& examples) {
    if (!kernel.backward) return;
    property(name + ": wanted gradients", [&] {
      Draw draw = shrinking_draw();
      const Example example = examples.draw(draw);
      Application applied(Registry::standard(), backend, example, DType::f64);
      applied.forward();
      const auto gradients = random_gradients(draw.random, applied.plan());
      applied.backward(gradients, example.differentiable());
      for (std::size_t j = 0; j < example.inputs.size(); ++j) {
        if (!example.inputs[j].differentiable) continue;
        const auto together = applied.gradient(j);
        Application alone = applied;
        alone.backward(gradients, 1u << j);
        RC_ASSERT(alone.gradient(j) == together);
      }
    });
  });
}

TEST_CASE("every op: what does not fit is refused, with what was found and what was expected") {
  for (const auto& [name, examples] : op_examples())
    for (const Misuse& misuse : examples.misuses) {
      std::string message = "nothing was thrown";
      try {
        misuse.op.plan(misuse.inputs);
      } catch (const Error& error) {
        message = error.what();
        CHECK(error.kind() == ErrorKind::usage);
        CHECK(error.where() == name);
      }
      CAPTURE(message);
      for (const std::string& word : misuse.words)
        CHECK_MESSAGE(message.find(word) != std::string::npos, name, " does not say: ", word);
    }
}

TEST_CASE("every op: a rebuilt output is bit-equal, and rebuilding changes nothing else") {
  int rebuilt = 0;
  HostBackend backend;
  for_each_op([&](const std::string& name, const AnyKernel& kernel, const OpExamples& examples) {
    Draw first = Draw::seeded(1);
    const Example any = examples.draw(first);
    const bool rebuildable = any.op.plan(any.specs(DType::f64)).rebuildable != 0;
    CHECK_MESSAGE(rebuildable == static_cast<bool>(kernel.rebuild), name);
    if (!kernel.rebuild) return;
    ++rebuilt;
    property(name + ": rebuild", [&] {
      Draw draw = shrinking_draw();
      const Example example = examples.draw(draw);
      Application applied(Registry::standard(), backend, example, DType::f64);
      applied.forward();
      std::vector<std::vector<double>> inputs, saved;
      for (std::size_t j = 0; j < example.inputs.size(); ++j) inputs.push_back(applied.input(j));
      for (std::size_t j = 0; j < applied.plan().saved.size(); ++j) saved.push_back(applied.saved(j));
      const auto output = applied.output(0);
      applied.rebuild();
      RC_ASSERT(applied.output(0) == output);
      for (std::size_t j = 0; j < inputs.size(); ++j) RC_ASSERT(applied.input(j) == inputs[j]);
      for (std::size_t j = 0; j < saved.size(); ++j) RC_ASSERT(applied.saved(j) == saved[j]);
    });
  });
  CHECK(rebuilt >= 2);
}

namespace {

std::vector<double> twice(const std::vector<double>& x) {
  std::vector<double> out = x;
  out.insert(out.end(), x.begin(), x.end());
  return out;
}

std::vector<double> sum_of_halves(const std::vector<double>& x) {
  std::vector<double> out(x.begin(), x.begin() + static_cast<std::ptrdiff_t>(x.size() / 2));
  for (std::size_t k = 0; k < out.size(); ++k) out[k] += x[out.size() + k];
  return out;
}

/// A normalising op whose samples count twice against a batch that really holds them twice.
template <Op O>
void check_equal_views() {
  HostBackend backend;
  property(std::string(O::name) + ": equal views", [&] {
    Draw draw = shrinking_draw();
    Example single = op_examples().at(std::string(O::name)).draw(draw);
    O op = *static_cast<const O*>(single.op.op.get());
    op.norm.copies = 2;
    single.op = erase(op);
    Example doubled = single;
    op.norm.copies = 1;
    doubled.op = erase(op);
    for (std::size_t j : {std::size_t{0}, std::size_t{5}})
      if (j < doubled.inputs.size()) {
        doubled.inputs[j].shape[0] *= 2;
        doubled.inputs[j].numbers = twice(doubled.inputs[j].numbers);
      }
    Application one(Registry::standard(), backend, single, DType::f64);
    Application two(Registry::standard(), backend, doubled, DType::f64);
    one.forward();
    two.forward();
    const auto gradients = random_gradients(draw.random, two.plan());
    one.backward({sum_of_halves(gradients[0])}, single.differentiable());
    two.backward(gradients, doubled.differentiable());
    const auto near = [](const std::vector<double>& got, const std::vector<double>& want) {
      return relative_to_largest(got, want) <= 1e-12;
    };
    RC_ASSERT(near(twice(one.output(0)), two.output(0)));
    for (std::size_t j : {std::size_t{3}, std::size_t{4}}) RC_ASSERT(near(one.input(j), two.input(j)));
    for (std::size_t j : {std::size_t{1}, std::size_t{2}}) RC_ASSERT(near(one.gradient(j), two.gradient(j)));
    RC_ASSERT(near(one.gradient(0), sum_of_halves(two.gradient(0))));
    if (single.inputs.size() > 5) RC_ASSERT(near(one.gradient(5), sum_of_halves(two.gradient(5))));
  });
}

}  // namespace

TEST_CASE("normalising ops: copies = 2 is the doubled batch: outputs, gradients, running statistics") {
  check_equal_views<BatchNorm>();
  check_equal_views<BatchNormRelu>();
  check_equal_views<BatchNormAddRelu>();
  check_equal_views<BatchNormReluMaxPool>();
}
