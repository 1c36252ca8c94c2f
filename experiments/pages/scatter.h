// SPDX-License-Identifier: Apache-2.0
// The picture of a run: predicted against true age, as an SVG for any browser.
#pragma once

#include <span>
#include <string>

namespace cg {

struct ScatterText {
  std::string title;  ///< "quickstart: test MAE 3.52 years"
  std::string note;   ///< a warning under the title, e.g. that the cohort is synthetic; may be empty
};

/// One point per subject, the line on which prediction and age agree, axes from 0 to the next multiple of ten above the
/// highest age. Colours by `groups` (studies), which may be empty. All spans are [n].
std::string scatter_svg(std::span<const double> ages, std::span<const double> predicted,
                        std::span<const std::string> groups, const ScatterText& text);

}  // namespace cg
