// SPDX-License-Identifier: Apache-2.0
// A paragraph of methods, written from the configuration that was trained: for a paper, with references.
#pragma once

#include <string>
#include <vector>

#include "experiments/report/training_record.h"
#include "experiments/study/study.h"

namespace cg {

/// What is methods() about.
struct MethodsInput {
  const Study& study;
  const Config& config;  ///< of the row that the report shows in detail
  const TrainingRecord& record;
};

struct Methods {
  std::vector<std::string> paragraphs;
  std::vector<std::string> references;  ///< each that the paragraphs cite
};

Methods methods(const MethodsInput& in);

}  // namespace cg
