// SPDX-License-Identifier: Apache-2.0
// The picture of a run: predicted against true age, as an SVG for any browser.
#pragma once

#include <span>
#include <string>
#include <vector>

namespace cg {

struct ScatterText {
  std::string title;               ///< "DynLocRep: test MAE 3.52 years"
  std::vector<std::string> lines;  ///< under the title, in small letters: what distinguishes the run from others
  std::string note;                ///< a warning under them, e.g. that the cohort is synthetic; may be empty
};

/// One point per subject, the line on which prediction and age agree, axes from 0 to the next multiple of ten above the
/// highest age, or above the highest prediction if it is at most 20 years more. A prediction outside of the axes is a
/// triangle at the edge that points outwards, and a line under the picture says how many there are and the farthest of
/// them. Colours by `groups` (studies), which may be empty. All spans are [n].
std::string scatter_svg(std::span<const double> ages, std::span<const double> predicted,
                        std::span<const std::string> groups, const ScatterText& text);

}  // namespace cg
