// SPDX-License-Identifier: Apache-2.0
// Features of subjects as a matrix: what predictors are fitted on.
#pragma once

#include <span>
#include <string>

#include "tensor/index.h"

namespace cg {

/// Features [n, p], row-major: one row per subject.
struct FeatureRows {
  std::span<const double> values;
  Index rows = 0, columns = 0;
};

/// Errors: data, if features and ages have different numbers of subjects, or fewer than `least`; numbers, if a value
/// is not finite. `where` names the predictor.
void check_features(const std::string& where, const FeatureRows& features, std::span<const double> ages, Index least);

/// Errors (data) unless there are `columns` features per subject.
void check_columns(const std::string& where, const FeatureRows& features, Index columns);

}  // namespace cg
