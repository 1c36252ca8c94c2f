// SPDX-License-Identifier: Apache-2.0
// Results of a study as tests need them: rows with chosen errors, without any training.
#pragma once

#include <fmt/format.h>

#include <limits>
#include <string>
#include <vector>

#include "experiments/study/cells.h"

namespace cg::test {

/// A plan of rows named "a", "b", …, with seeds 0 …, and folds 0 …; each cell has a training of its own.
inline StudyPlan plan_of(std::size_t rows, Index seeds, Index folds = 1, Protocol protocol = Protocol::published) {
  StudyPlan plan;
  Study study;
  study.name = "mine";
  study.options.protocol = protocol;
  study.options.seeds.clear();
  for (Index s = 0; s < seeds; ++s) study.options.seeds.push_back(s);
  for (std::size_t r = 0; r < rows; ++r) {
    const std::string name(1, static_cast<char>('a' + r));
    study.rows.push_back({name, "row " + name, std::nullopt, {}});
    study.rows.back().config.seeds = study.options.seeds;
  }
  plan.studies.push_back(study);
  for (std::size_t r = 0; r < rows; ++r)
    for (Index s = 0; s < seeds; ++s)
      for (Index f = 0; f < folds; ++f) {
        plan.cells.push_back({0, r, plan.trainings.size(), s, f});
        plan.trainings.push_back({{}, fmt::format("{}{}{}", r, s, f), "training"});
      }
  return plan;
}

/// A cell whose subject k has the id "s<first + k>", the age 20 + 3 (first + k), and this error (predicted − age).
inline CellResult cell_of(const Cell& cell, const std::vector<double>& errors, Index first = 0) {
  CellResult out;
  out.cell = cell;
  out.cohort = "digest";
  for (std::size_t k = 0; k < errors.size(); ++k) {
    const double number = static_cast<double>(first) + static_cast<double>(k);
    out.ids.push_back(fmt::format("s{}", number));
    out.ages.push_back(20 + 3 * number);
    out.predicted.push_back(out.ages.back() + errors[k]);
  }
  out.train_subjects = 4 * static_cast<Index>(errors.size());
  out.test = measure(out.ages, out.predicted);
  out.validation_mae = std::numeric_limits<double>::quiet_NaN();
  return out;
}

}  // namespace cg::test
