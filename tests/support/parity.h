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

/// check_cell for every cell of the registry that `backend`'s device has. Returns their number.
int check_device(const Registry& registry, Backend& backend);

/// Checks that the addition may write over its first input, as the tape asks.
void check_addition_in_place(const Registry& registry, Backend& backend);

}  // namespace cg::test
