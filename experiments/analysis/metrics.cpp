#include "experiments/analysis/metrics.h"

#include <cmath>

namespace cg {

double mean_absolute_error(std::span<const double> ages, std::span<const double> predicted) {
  double sum = 0;
  for (std::size_t i = 0; i < ages.size(); ++i) sum += std::abs(ages[i] - predicted[i]);
  return sum / static_cast<double>(ages.size());
}

}  // namespace cg
