// The cases of golden/losses.h5 as inputs and options of our losses.
#pragma once

#include <algorithm>
#include <cmath>

#include "experiments/teaching/loss_cases.h"
#include "losses/registry.h"
#include "tests/losses/checks.h"
#include "tests/support/golden_reader.h"

namespace cg::test {

/// A case: what to evaluate, and what must come out.
struct GoldenCase : LossCase {
  std::vector<double> gradient;
  double value = 0;
};

/// One case of a loss that the registry has.
inline GoldenCase read_case(const GoldenFile& file, const std::string& group) {
  GoldenCase c{read_loss_case(H5Reader(golden_folder() + "/losses.h5"), group), {}, 0};
  c.value = file.numbers(group + "/value").at(0);
  c.gradient = file.numbers(group + "/gradient");
  return c;
}

/// How far a result is from a golden case: the worse of value and gradient. NaN where either is.
inline double distance_from(const GoldenCase& c, const LossResult& got) {
  return std::max(relative_difference({got.value}, {c.value}), relative_difference(got.gradient, c.gradient));
}

}  // namespace cg::test
