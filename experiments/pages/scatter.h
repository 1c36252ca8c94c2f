// The picture of a run: predicted against true age, as an SVG that any browser shows.
#pragma once

#include <span>
#include <string>

namespace cg {

struct ScatterText {
  std::string title;  ///< "quickstart: test MAE 3.52 years"
  std::string note;   ///< a warning under the title, e.g. that the cohort is synthetic; may be empty
};

/// A point a subject, the line where prediction and age agree, axes from 0 to the next ten above the oldest. Colours by
/// `groups` (studies), which may be empty. All spans are [n].
std::string scatter_svg(std::span<const double> ages, std::span<const double> predicted,
                        std::span<const std::string> groups, const ScatterText& text);

}  // namespace cg
