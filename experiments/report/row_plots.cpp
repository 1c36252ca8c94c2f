// SPDX-License-Identifier: Apache-2.0
#include "experiments/report/row_plots.h"

#include <algorithm>
#include <cmath>

#include "experiments/report/axes.h"

namespace cg {
namespace {

constexpr double letters = 14, line_height = 32, right = 26, foot = 56;

/// A plot area with one line of `line_height` per label, the labels at the left.
Plot labelled_lines(Picture& picture, const std::vector<std::string>& labels, double top) {
  double widest = 60;
  for (const std::string& label : labels) widest = std::max(widest, text_width(label, letters));
  Plot plot;
  plot.left = std::min(widest, 190.0) + 16;
  plot.top = top;
  plot.width = picture.width - plot.left - right;
  plot.height = line_height * static_cast<double>(labels.size());
  picture.height = plot.top + plot.height + foot;
  for (std::size_t k = 0; k < labels.size(); ++k)
    picture.add(Label{{plot.left - 10, plot.top + line_height * (static_cast<double>(k) + 0.5) + 5},
                      fitted_text(labels[k], letters, plot.left - 16),
                      Anchor::end,
                      letters,
                      {Ink::ink}});
  return plot;
}

void legend(Picture& picture, double left) {
  picture.add(Disc{{left + 5, 14}, 4, Paint{Ink::c0, {}, 0.6}});
  picture.add(Label{{left + 15, 18.5}, "one seed", Anchor::start, 13});
  picture.line({left + 90, 14}, {left + 114, 14}, {Ink::ink}, 2);
  picture.line({left + 102, 8}, {left + 102, 20}, {Ink::ink}, 3);
  picture.add(Label{{left + 121, 18.5}, "mean ± SD", Anchor::start, 13});
}

void paper_legend(Picture& picture, double left) {
  picture.line({left + 206, 14}, {left + 230, 14}, {Ink::c5}, 1.5);
  picture.add(Disc{{left + 218, 14}, 4, Paint{Ink::paper}, Paint{Ink::c5}});
  picture.add(Label{{left + 237, 18.5}, "paper", Anchor::start, 13});
}

void include(Range& range, const MeanSd& value) {
  const double sd = std::isfinite(value.sd) ? value.sd : 0;
  range.include(value.mean - sd);
  range.include(value.mean + sd);
}

void draw_row(Picture& picture, const Plot& plot, const SeedDots& row, double y) {
  for (std::size_t s = 0; s < row.values.size(); ++s)
    picture.add(Disc{{plot.at_x(row.values[s]), y + 3}, 4.5, Paint{Ink::c0, {}, 0.6}, {}, tick_text(row.values[s])});
  const double at = plot.at_x(row.mean.mean);
  if (std::isfinite(row.mean.sd))
    picture.line({plot.at_x(row.mean.mean - row.mean.sd), y + 3}, {plot.at_x(row.mean.mean + row.mean.sd), y + 3},
                 {Ink::ink}, 2);
  picture.line({at, y - 4}, {at, y + 10}, {Ink::ink}, 3);
  if (!row.paper) return;
  const double above = y - 9, sd = std::isfinite(row.paper->sd) ? row.paper->sd : 0;
  picture.line({plot.at_x(row.paper->mean - sd), above}, {plot.at_x(row.paper->mean + sd), above}, {Ink::c5}, 1.5);
  picture.add(Disc{{plot.at_x(row.paper->mean), above}, 4, Paint{Ink::paper}, Paint{Ink::c5}});
}

}  // namespace

Picture seed_dots(const std::vector<SeedDots>& rows, const std::string& title, const std::string& axis) {
  Picture picture{.title = title};
  std::vector<std::string> labels;
  Range range;
  bool papers = false;
  for (const SeedDots& row : rows) {
    labels.push_back(row.label);
    for (const double value : row.values) range.include(value);
    include(range, row.mean);
    if (row.paper) include(range, *row.paper);
    papers = papers || row.paper;
  }
  Plot plot = labelled_lines(picture, labels, 34);
  plot.x = round_axis(range.low, range.high, axis);
  draw_x_axis(picture, plot, letters);
  legend(picture, 12);
  if (papers) paper_legend(picture, 12);
  for (std::size_t k = 0; k < rows.size(); ++k)
    draw_row(picture, plot, rows[k], plot.top + line_height * (static_cast<double>(k) + 0.5));
  return picture;
}

Picture intervals(const std::vector<RowInterval>& rows, const std::string& reference) {
  Picture picture{.title = "Differences to " + reference + " with 95 % intervals"};
  std::vector<std::string> labels;
  Range range;
  range.include(0);
  for (const RowInterval& row : rows) {
    labels.push_back(row.label);
    range.include(row.difference.low);
    range.include(row.difference.high);
    range.include(row.difference.mean);
  }
  Plot plot = labelled_lines(picture, labels, 34);
  plot.x = round_axis(range.low, range.high, "difference of the test MAE (years)");
  draw_x_axis(picture, plot, letters);
  const double zero = plot.at_x(0), end = plot.left + plot.width;
  if (zero - plot.left > 70) picture.add(Label{{zero - 8, 22}, "← better", Anchor::end, 13});
  if (end - zero > 70) picture.add(Label{{zero + 8, 22}, "worse →", Anchor::start, 13});
  picture.line({zero, 10}, {zero, plot.top + plot.height}, {Ink::soft}, 1.5, true);
  for (std::size_t k = 0; k < rows.size(); ++k) {
    const double y = plot.top + line_height * (static_cast<double>(k) + 0.5);
    const PairedDifference& d = rows[k].difference;
    const Ink ink = rows[k].differs ? Ink::accent : Ink::ink;
    picture.line({plot.at_x(d.low), y}, {plot.at_x(d.high), y}, {ink}, 2);
    for (const double at : {d.low, d.high}) picture.line({plot.at_x(at), y - 5}, {plot.at_x(at), y + 5}, {ink}, 2);
    picture.add(Disc{{plot.at_x(d.mean), y}, 4.5, Paint{ink}});
  }
  return picture;
}

}  // namespace cg
