// SPDX-License-Identifier: Apache-2.0
// The subjects of a phantom cohort: age, sex and study (or scanner) of each. The age distributions follow the five
// published studies of the paper's table 2; no data of their subjects is used.
#pragma once

#include <string>
#include <vector>

#include "data/phantom/random.h"

namespace cg::phantom {

struct Person {
  double age;  ///< years, rounded to 0.01
  bool female;
  Index group;  ///< study 0 … 4, or scanner 0 … sites − 1
};

/// The subjects of the five studies together.
constexpr Index full_cohort = 311;

/// The first `n` subjects of a stiffness cohort. Any 311 that start at a multiple of 311 are a full cohort.
std::vector<Person> stiffness_people(Index n, std::uint32_t seed);

/// A scanner of the T1-like cohort.
struct Scanner {
  double gain, gamma, noise, fwhm;
  std::array<double, 5> bias;
  int ages;  ///< 0 children, 1 young adults, 2 adults
};
Scanner scanner(Index site, std::uint32_t seed);

/// Subject i of a T1-like cohort with `sites` scanners.
Person t1_person(Index i, std::uint32_t seed, Index sites);

}  // namespace cg::phantom
