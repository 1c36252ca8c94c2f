// SPDX-License-Identifier: Apache-2.0
// A study with given predictions, without trainings: for tests of what a report says of its rows.
#pragma once

#include <string>
#include <vector>

#include "experiments/study/cells.h"

namespace cg::test {

/// A row, and for each seed the predictions of the subjects; their ages are 20, 40, 60, …
struct SampleRow {
  std::string name, label;
  std::vector<std::vector<double>> predicted;  ///< [seeds][subjects], years
  std::optional<MeanSd> paper = {};
};

inline StudyResults sample_results(const std::string& study, const std::vector<SampleRow>& rows) {
  StudyResults out;
  Study& of = out.plan.studies.emplace_back();
  of.name = study;
  of.options.title = "Sample study";
  of.options.seeds.clear();
  for (std::size_t s = 0; s < rows.at(0).predicted.size(); ++s) of.options.seeds.push_back(static_cast<Index>(s));
  for (std::size_t r = 0; r < rows.size(); ++r) {
    of.rows.push_back({rows[r].name, rows[r].label, rows[r].paper, Config()});
    for (std::size_t s = 0; s < rows[r].predicted.size(); ++s) {
      Cell cell{.study = 0, .row = r, .training = 0, .seed = static_cast<Index>(s), .fold = 0};
      out.plan.cells.push_back(cell);
      CellResult result;
      result.cell = cell;
      result.predicted = rows[r].predicted[s];
      result.cohort = "cohort";
      for (std::size_t k = 0; k < result.predicted.size(); ++k) {
        result.ids.push_back("subject-" + std::to_string(k));
        result.ages.push_back(20.0 * static_cast<double>(k + 1));
      }
      result.test = measure(result.ages, result.predicted);
      result.mean_age = baseline(result.ages, result.ages);
      result.validation_mae = std::numeric_limits<double>::quiet_NaN();
      out.cells.push_back(result);
    }
  }
  out.rows.push_back(summarise_study(out.plan, 0, out.cells));
  return out;
}

/// The tables, figures or other blocks of one kind in a section, in its order.
template <class Kind>
std::vector<Kind> blocks_of(const auto& section) {
  std::vector<Kind> out;
  for (const auto& block : section.blocks)
    if (const auto* found = std::get_if<Kind>(&block)) out.push_back(*found);
  return out;
}

}  // namespace cg::test
