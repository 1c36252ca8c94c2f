// SPDX-License-Identifier: Apache-2.0
// The model of a tiny run, and what predict makes with it.
#pragma once

#include <doctest/doctest.h>

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "tests/experiments/runner/tiny_run.h"
#include "tests/support/program.h"

namespace cg::test {

inline Finished predict(const std::string& arguments) {
  return run_program(workplace().folder, "predict", arguments + " --overwrite");
}

/// The model of a run, its subjects as NIfTI files.
struct Trained {
  std::string model = workplace().folder + "/run/model.h5", nifti = workplace().folder + "/bids";
  Rows of_run;  ///< predictions.csv
  Trained() {
    const Result result = run_tiny("run", "seeds=0 train.epochs=2 --device cpu");
    REQUIRE_MESSAGE(result.code == 0, result.text);
    of_run = table("run/predictions.csv");
    const Finished exported = run_program(workplace().folder, "export_cohort", workplace().cohort + " " + nifti);
    REQUIRE_MESSAGE(exported.code == 0, exported.text);
  }
  /// All exported maps, in the order of the table.
  std::vector<std::string> files() const {
    std::vector<std::string> out;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(nifti))
      if (entry.path().string().ends_with(".nii.gz")) out.push_back(entry.path().string());
    REQUIRE_FALSE(out.empty());
    std::ranges::sort(out);
    return out;
  }
};

inline const Trained& trained() {
  static const Trained once;
  return once;
}

inline double number(const std::map<std::string, std::string>& row, const std::string& column) {
  CAPTURE(column);
  REQUIRE_FALSE(row.at(column).empty());
  return std::stod(row.at(column));
}

inline bool warns(const std::map<std::string, std::string>& row, const std::string& words) {
  return row.at("warnings").find(words) != std::string::npos;
}

}  // namespace cg::test
