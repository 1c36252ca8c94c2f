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
         fmt::format("{} values and {} ages for {} rows of {} features", f.values.size(), ages.size(), f.rows,
                     f.columns),
         "Give a row of features and an age for each subject");
  if (f.rows < least)
    fail(ErrorKind::data, where, fmt::format("{} subjects, expected at least {}", f.rows, least),
         "Use a larger training part");
  if (!all_finite(f.values) || !all_finite(ages))
    fail(ErrorKind::numbers, where, "a feature or an age is NaN or infinite", "Look for where training diverged");
}

void check_columns(const std::string& where, const FeatureRows& f, Index columns) {
  if (f.columns != columns || static_cast<Index>(f.values.size()) != f.rows * f.columns)
    fail(ErrorKind::data, where, fmt::format("{} features a subject, the model was fitted on {}", f.columns, columns),
         "Predict from the features that the model was fitted on");
}

}  // namespace cg
