// SPDX-License-Identifier: Apache-2.0
// The age bias of predictions: regression draws ages towards the mean, so that the young look older and the old
// younger, and the brain-age gap (predicted − true age) depends on age. What of it follows from age on the training
// part can be taken away: gap − (intercept + slope · age) (Beheshti et al. 2019; de Lange & Cole 2020). Such a
// corrected gap needs the true age, and says nothing of how well ages are predicted. Features of the training part come
// from a network that has seen these subjects: their line is flatter than that of new ones, and corrects too little.
#pragma once

#include <span>

namespace cg {

struct AgeBias {
  double intercept = 0;  ///< years
  double slope = 0;      ///< years of gap a year of age

  double operator()(double age) const { return intercept + slope * age; }
};

/// The least-squares line of the gaps over the ages. All ages equal: slope 0.
AgeBias fit_age_bias(std::span<const double> ages, std::span<const double> predicted);

}  // namespace cg
