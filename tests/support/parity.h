// SPDX-License-Identifier: Apache-2.0
// One cell of the registry against the reference in double, on numbers rounded to the cell's type.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tensor/backend.h"
#include "tensor/registry.h"
#include "tests/support/op_tests.h"

namespace cg::test {

/// The backends that can run here, by device; the reference is one.
std::map<Device, std::unique_ptr<Backend>> backends_here();

/// One cell of the registry, and the backend that runs it.
struct Cell {
  const Registry& registry;
  Backend& backend;
  DType dtype;
};

/// Calls body(name, op, cell) for every cell of the standard registry that `backend` runs and that is ever asked for: a
/// kernel is found by the type of an op's first input, and parameters are never bfloat16.
template <class Body>
void for_each_cell(Backend& backend, const Body& body) {
  const Registry& registry = Registry::standard();
  for (const auto& [type, row] : registry.rows())
    for (const auto& [key, kernel] : row.kernels) {
      const auto [device, dtype] = key;
      Draw any = Draw::seeded(1, dtype);
      const bool asked_for = op_tests().at(row.name).draw(any).specs(dtype).at(0).dtype == dtype;
      if (asked_for && device == backend.device())
        body(row.name + " on " + name_of(device) + " in " + name_of(dtype), row.name, Cell{registry, backend, dtype});
    }
}

/// Compares lists of numbers, and counts them: as in benchdnn, a comparison of mostly zeros proves nothing.
class Comparison {
 public:
  explicit Comparison(DType dtype);

  /// Differences are relative to the largest number wanted, or to `scale` where that is larger: numbers that nearly
  /// cancel are compared with what they are made of.
  void compare(const std::string& what, const std::vector<double>& got, const std::vector<double>& want, double scale);
  void equal(const std::string& what, const std::vector<double>& got, const std::vector<double>& want) {
    if (got != want) complaints_ += what + " changed\n";
  }

  void complain(const std::string& what) { complaints_ += what; }

  /// What went wrong since the last call.
  std::string complaints() { return std::exchange(complaints_, ""); }
  bool trusted() const { return values_ >= 1000 && not_zero_ * 10 >= values_ * 3; }
  std::string counts() const;

 private:
  double bound_;
  Index values_ = 0, not_zero_ = 0;
  std::string complaints_;
};

/// The example with its numbers rounded to the types they are given in.
Example rounded(Example example, DType dtype);

/// Forward, backward, recompute and what is overwritten, of a cell against the reference in double. The example must be
/// rounded to the cell's type. Differences go to `result`.
void compare_with_reference(const Cell& cell, const Example& example, Draw& draw, Comparison& result);

/// Checks a cell on small examples of every shape of its op and, where the kernel is a fast one, on some large ones.
void check_cell(const Cell& cell, const std::string& op, const std::string& name);

/// check_cell for every cell that `backend` runs, but for the reference in double, which all are compared with. Returns
/// their number.
int check_device(Backend& backend);

/// Checks that the addition may write over its first input, as the tape asks.
void check_addition_in_place(Backend& backend);

}  // namespace cg::test
