// How good predicted ages are.
#pragma once

#include <span>

namespace cg {

/// Mean absolute error of predictions [n] against ages [n], in the unit of the ages (years).
double mean_absolute_error(std::span<const double> ages, std::span<const double> predicted);

}  // namespace cg
