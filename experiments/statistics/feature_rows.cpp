// SPDX-License-Identifier: Apache-2.0
#include "experiments/statistics/feature_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "tensor/error.h"

namespace cg {
namespace {

bool all_finite(std::span<const double> values) {
  return std::all_of(values.begin(), values.end(), [](double v) { return std::isfinite(v); });
}

}  // namespace

void check_features(const std::string& where, const FeatureRows& f, std::span<const double> ages, Index least) {
  if (f.rows < 0 || f.columns < 1 || static_cast<Index>(f.values.size()) != f.rows * f.columns ||
      static_cast<Index>(ages.size()) != f.rows)
    fail(ErrorKind::data, where,
         fmt::format("{} values and {} ages do not fit {} rows of {} features", f.values.size(), ages.size(), f.rows,
                     f.columns),
         "Give one row of features and one age for each subject");
  if (f.rows < least)
    fail(ErrorKind::data, where, fmt::format("{} subjects, expected at least {}", f.rows, least),
         "Use a larger training part");
  if (!all_finite(f.values) || !all_finite(ages))
    fail(ErrorKind::numbers, where, "a feature or an age is NaN or infinite",
         "Training probably diverged: lower train.learning_rate");
}

void check_columns(const std::string& where, const FeatureRows& f, Index columns) {
  if (f.columns != columns || static_cast<Index>(f.values.size()) != f.rows * f.columns)
    fail(ErrorKind::data, where,
         fmt::format("{} features per subject, but the predictor was fitted on {}", f.columns, columns),
         "Predict from the same features as in the fit");
}

}  // namespace cg
