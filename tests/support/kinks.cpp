// SPDX-License-Identifier: Apache-2.0
#include "tests/support/kinks.h"

#include <fmt/format.h>

#include <cmath>

#include "tests/support/application.h"
#include "tests/support/tensors.h"

namespace cg::test {
namespace {

using Numbers = std::vector<double>;

std::string listed(const Numbers& numbers) {
  std::string out;
  for (double value : numbers) out += fmt::format("{}{:g}", out.empty() ? "" : ", ", value);
  return "[" + out + "]";
}

/// Whether both lists have the same numbers, up to `bound` of the largest, NaN and infinity in the same places.
bool agree(Numbers got, Numbers want, double bound) {
  if (got.size() != want.size()) return false;
  for (std::size_t k = 0; k < want.size(); ++k) {
    if (std::isfinite(want[k])) continue;
    if (std::isnan(want[k]) ? !std::isnan(got[k]) : got[k] != want[k]) return false;
    got[k] = want[k] = 0;
  }
  return relative_to_largest(got, want) <= bound;
}

}  // namespace

std::string kink_complaint(const Cell& cell, const Kink& kink) {
  Application applied(cell.registry, cell.backend, kink.example, cell.dtype);
  applied.forward();
  applied.backward({kink.gradient}, kink.example.differentiable());
  // the other branch is off by a tenth of the largest number at least
  const double bound = cell.dtype == DType::bf16 ? 3e-2 : 1e-5;
  std::string complaints;
  const auto compare = [&](const std::string& what, const Numbers& got, const Numbers& want) {
    if (!agree(got, want, bound))
      complaints += fmt::format("{}: {} is {}, expected {}\n", kink.sentence, what, listed(got), listed(want));
  };
  compare("the output", applied.output(0), kink.output);
  for (const auto& [j, want] : kink.gradients) compare(fmt::format("gradient {}", j), applied.gradient(j), want);
  return complaints;
}

}  // namespace cg::test
