// SPDX-License-Identifier: Apache-2.0
// Student's t distribution, by the regularised incomplete beta function (Abramowitz & Stegun 1964, 26.7.1 and 26.5.8).
#pragma once

namespace cg {

/// P(|T| > |t|) for T with `freedom` degrees of freedom, at least 1.
double two_sided_p(double t, double freedom);

/// The t with P(|T| ≤ t) = `share`, 0 < share < 1: 2.776 for 0.95 and 4 degrees of freedom.
double t_quantile(double share, double freedom);

}  // namespace cg
