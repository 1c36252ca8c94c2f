// A fast kernel against the reference, on all examples of its op.
#pragma once

#include <string>

#include "tensor/backend.h"
#include "tensor/registry.h"
#include "tests/support/op_examples.h"

namespace cg::test {

/// One cell of the registry.
struct Cell {
  const Registry& registry;
  Backend& backend;
  DType dtype;
};

/// The example with its numbers rounded to the types they are given in.
Example rounded(Example example, DType dtype);

/// Checks forward, backward, rebuild and what is overwritten on small examples of every shape, and on some large ones.
void check_cell(const Cell& cell, const std::string& op, const std::string& name);

}  // namespace cg::test
