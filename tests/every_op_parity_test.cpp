// Every kernel against the reference in double: forward, backward, rebuild, what is overwritten. The cells come from
// the registry: a new kernel is tested by being there.
#include <doctest/doctest.h>

#include "tests/support/application.h"
#include "tests/support/parity.h"
#include "tests/support/tensors.h"

using namespace cg;
using namespace cg::test;

TEST_CASE("every kernel: forward, backward and rebuild are those of the reference in double") {
  int cells = 0;
  const auto backends = backends_here();
  for_each_cell(backends, [&](const std::string& name, const std::string& op, const Cell& cell) {
    if (cell.backend.device() == Device::reference && cell.dtype == DType::f64) return;  // what all are compared with
    check_cell(cell, op, name);
    ++cells;
  });
  CHECK(cells >= 12 * 2 + 1 + 18);  // the reference's, Adam's update on parameters alone, and the CPU's
}

TEST_CASE("every kernel: the addition may write over its first input, as the tape asks") {
  for (const auto& [device, backend] : backends_here())
    for (const DType dtype : {DType::f32, DType::bf16}) {
      Draw draw = Draw::seeded(3, dtype);
      const Example example = rounded(op_examples().at("add").draw(draw), dtype);
      Application apart(Registry::standard(), *backend, example, dtype);
      Application in_place = apart;
      apart.forward();
      in_place.set_input(0, example.inputs[0].numbers);
      in_place.call().out[0] = in_place.call().in[0];
      in_place.forward();
      CHECK(in_place.output(0) == apart.output(0));
    }
}
