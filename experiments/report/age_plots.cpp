// SPDX-License-Identifier: Apache-2.0
#include "experiments/report/age_plots.h"

#include <algorithm>
#include <cmath>

#include "experiments/report/axes.h"
#include "experiments/report/numbers.h"

namespace cg {
namespace {

void draw_subject(Picture& picture, const Plot& plot, double x, double low, double mean, double high,
                  const std::string& title) {
  if (high > low) picture.line(plot.at(x, low), plot.at(x, high), {Ink::c0, {}, 0.45}, 1.5);
  picture.add(Disc{plot.at(x, mean), 4.5, Paint{Ink::c0, {}, 0.7}, {}, title});
}

std::string title_of(const SubjectPrediction& s) {
  return fmt::format("{}: {:.1f} years, predicted {:.1f}", s.id, s.age, s.mean);
}

struct Ends {
  Range ages, predictions;
  explicit Ends(const std::vector<SubjectPrediction>& subjects) {
    for (const SubjectPrediction& s : subjects) {
      ages.include(s.age);
      predictions.include(s.low);
      predictions.include(s.high);
    }
  }
};

}  // namespace

GapLine gap_line(const std::vector<SubjectPrediction>& subjects) {
  double age = 0, gap = 0;
  for (const SubjectPrediction& s : subjects) {
    age += s.age / static_cast<double>(subjects.size());
    gap += s.gap() / static_cast<double>(subjects.size());
  }
  double both = 0, squares = 0;
  for (const SubjectPrediction& s : subjects) {
    both += (s.age - age) * (s.gap() - gap);
    squares += (s.age - age) * (s.age - age);
  }
  const double slope = squares > 0 ? both / squares : 0;
  return {slope, gap - slope * age};
}

Picture predicted_ages(const std::vector<SubjectPrediction>& subjects, const std::string& title) {
  Picture picture{.title = title, .height = 470};
  const Ends ends(subjects);
  Plot plot{.left = 66, .top = 14, .width = 400, .height = 400, .x = {}, .y = {}};
  plot.y = round_axis(std::min(ends.ages.low, ends.predictions.low), std::max(ends.ages.high, ends.predictions.high),
                      "predicted age (years)");
  plot.x = plot.y;
  plot.x.title = "age (years)";
  draw_axes(picture, plot, 14);
  picture.line(plot.at(plot.x.low, plot.x.low), plot.at(plot.x.high, plot.x.high), {Ink::soft}, 1.5, true);
  for (const SubjectPrediction& s : subjects) draw_subject(picture, plot, s.age, s.low, s.mean, s.high, title_of(s));
  return picture;
}

Picture age_gaps(const std::vector<SubjectPrediction>& subjects, const std::string& title) {
  Picture picture{.title = title, .height = 350};
  const Ends ends(subjects);
  double low = 0, high = 0;
  for (const SubjectPrediction& s : subjects) {
    low = std::min(low, s.low - s.age);
    high = std::max(high, s.high - s.age);
  }
  Plot plot{.left = 66, .top = 14, .width = 480, .height = 270, .x = {}, .y = {}};
  plot.x = round_axis(ends.ages.low, ends.ages.high, "age (years)");
  plot.y = round_axis(low, high, "predicted − true age (years)");
  draw_axes(picture, plot, 14);
  picture.line(plot.at(plot.x.low, 0), plot.at(plot.x.high, 0), {Ink::soft}, 1.5, true);
  const GapLine line = gap_line(subjects);
  for (const SubjectPrediction& s : subjects)
    draw_subject(picture, plot, s.age, s.low - s.age, s.gap(), s.high - s.age, title_of(s));
  picture.line(plot.at(ends.ages.low, line.at_zero + line.slope * ends.ages.low),
               plot.at(ends.ages.high, line.at_zero + line.slope * ends.ages.high), {Ink::accent}, 2);
  return picture;
}

}  // namespace cg
