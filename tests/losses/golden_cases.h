// SPDX-License-Identifier: Apache-2.0
// The cases of golden/losses.h5 as inputs and options of our losses.
#pragma once

#include <algorithm>
#include <cmath>

#include "experiments/teaching/loss_cases.h"
#include "tests/losses/checks.h"
#include "tests/support/golden_reader.h"

namespace cg::test {

/// A case: what to evaluate, and what must come out.
struct GoldenCase : LossCase {
  std::vector<double> gradient;
  double value = 0;
};

/// Whether the file has cases of a loss: of one that was added after the file was made it has none.
template <LossType L>
bool in_golden_file() {
  const GoldenFile file("losses.h5");
  const auto groups = file.groups();
  return std::any_of(groups.begin(), groups.end(), [&](const auto& g) { return file.text(g, "loss") == L::name; });
}

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
