// SPDX-License-Identifier: Apache-2.0
// What can be concluded from the errors of two methods on the same subjects with the same seeds. Resampling: Efron &
// Tibshirani 1993, chapter 13 (percentile interval), of seeds and subjects together: Owen 2007, "The pigeonhole
// bootstrap", Annals of Applied Statistics 1; it is cautious where each seed tests few of the subjects. Several
// comparisons: Holm 1979.
#pragma once

#include <span>
#include <vector>

#include "tensor/index.h"

namespace cg {

/// Absolute errors of a method, [seeds, subjects] row-major, years. NaN: this subject was not tested with this seed.
struct ErrorsBySeed {
  std::span<const double> values;
  Index seeds = 0, subjects = 0;
};

/// The mean error of one method minus that of another.
struct PairedDifference {
  double mean = 0;           ///< years; below 0: the first method is better
  double low = 0, high = 0;  ///< 95 % interval
  double p = 1;              ///< two-sided, of no difference
};

/// From `draws` resamples, each of seeds and of subjects with replacement, the same for both methods. The difference is
/// the mean over all pairs of a seed and a subject that both methods have. Errors: usage, unless both have the same
/// seeds and subjects, and a pair in common.
PairedDifference paired_difference(const ErrorsBySeed& a, const ErrorsBySeed& b, Index draws = 10000,
                                   std::uint64_t seed = 0);

/// The p values of several comparisons, corrected by Holm's method, in their order.
std::vector<double> holm(std::span<const double> p);

}  // namespace cg
