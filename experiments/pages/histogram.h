// SPDX-License-Identifier: Apache-2.0
// Histograms of stacked groups, as SVG for pages. The colours are the page's classes c0, c1, …
#pragma once

#include <string>
#include <vector>

#include "experiments/pages/markup.h"
#include "tensor/index.h"

namespace cg {

struct Histogram {
  std::string title;                       ///< for screen readers
  std::string axis;                        ///< "age (years)"
  double first = 0, width = 1;             ///< of the bins
  double shown = 1;                        ///< factor of the numbers at the axis: 100 for per cent
  double tick = 1;                         ///< between two numbers at the axis
  std::vector<std::string> names;          ///< of the groups
  std::vector<std::vector<Index>> counts;  ///< [groups][bins]
};

/// Counts values into bins of `width` from `first` on; the last bin includes its upper end. `groups`: per value.
Histogram count_into(Histogram empty, const std::vector<double>& values, const std::vector<std::size_t>& groups,
                     double last);

/// Writes an svg element of the class "chart".
void write_histogram(Markup& page, const Histogram& histogram);

}  // namespace cg
