// SPDX-License-Identifier: Apache-2.0
// What holds for every op of the registry on the reference kernels: gradients against central differences in double,
// refused shapes, recomputed outputs, equal views, NaN. Read next: every_op_parity_test.cpp (fast kernels),
// every_op_faults_test.cpp (whether these checks would notice).
#include <doctest/doctest.h>

#include "tensor/error.h"
#include "tensor/ops/all.h"
#include "tensor/registry.h"
#include "tests/support/op_checks.h"
#include "tests/support/op_tests.h"
#include "tests/support/shrinking_draw.h"

using namespace cg;
using namespace cg::test;

namespace {

/// Puts a question to random examples of every op that it concerns; returns the number of ops.
int check_every_op(const OpCheck& check) {
  const Registry& registry = Registry::standard();
  int ops = 0;
  for (const auto& [name, tests] : op_tests()) {
    Draw any = Draw::seeded(1);
    if (!check.concerns(registry, tests.draw(any))) continue;
    ++ops;
    property(name + ": " + check.name, [&, &drawn = tests] {
      Draw draw = shrinking_draw();
      const Example example = drawn.draw(draw);
      const std::string complaint = check.complaint(registry, example, draw);
      RC_LOG() << example.text << ": " << complaint << "\n";
      RC_ASSERT(complaint.empty());
    });
  }
  return ops;
}

}  // namespace

TEST_CASE("every op: each op of the list has one row in the registry and its own tests") {
  std::map<std::string, int> rows, listed;
  for (const auto& [type, row] : Registry::standard().rows()) ++rows[row.name];
  for_each_op([&]<Op O>() {
    const std::string name(O::name);
    ++listed[name];
    CHECK_MESSAGE(rows[name] == 1, name);
    CHECK_MESSAGE(op_tests().contains(name), name, " has no tests. Write tests/tensor/ops/", name, ".cpp.");
  });
  CHECK(rows == listed);
  for (const auto& [name, tests] : op_tests())
    CHECK_MESSAGE(listed[name] == 1, "no op of tensor/ops/all.h is called ", name, ", as tests/tensor/ops/", name,
                  ".cpp");
}

TEST_CASE("every op: the backward is the derivative of the forward") {
  CHECK(check_every_op(gradient_check()) >= 12);  // all but Adam's update
}

TEST_CASE("every op: a gradient does not depend on which others are wanted") {
  CHECK(check_every_op(wanted_gradients_check()) >= 12);
}

TEST_CASE("every op: NaN in one place of an input, or of dy, makes NaN of what depends on that place and of no more") {
  CHECK(check_every_op(nan_check()) >= 13);
}

TEST_CASE("every op: inputs that do not fit are refused with what was found and expected") {
  for (const auto& [name, tests] : op_tests())
    for (const Misuse& misuse : tests.misuses) {
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

TEST_CASE("every op: a recomputed output is bit-equal, and recomputing changes nothing else") {
  CHECK(check_every_op(recompute_check()) >= 2);
}

TEST_CASE("normalising ops: equal_views = 2 is the doubled batch: outputs, gradients, running statistics") {
  CHECK(check_every_op(equal_views_check()) >= 4);
}
