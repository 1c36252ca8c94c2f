// SPDX-License-Identifier: Apache-2.0
#include "experiments/report/cohort_section.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <set>

#include "experiments/pages/cohort_examples.h"
#include "experiments/pages/cohort_summary.h"
#include "experiments/pages/plane_image.h"
#include "experiments/report/numbers.h"
#include "experiments/training/cohort.h"
#include "tensor/error.h"

namespace cg {
namespace {

constexpr std::size_t most_colours = 8, shown_ages = 4;

class Writer {
 public:
  Writer(const CohortFile& cohort, const CohortSummary& summary) : cohort_(cohort), summary_(summary) {
    groups_.assign(static_cast<std::size_t>(cohort.size()), 0);
    const std::size_t studies = summary.studies.size();
    for (std::size_t s = 0; s < studies; ++s) {
      const std::size_t group = std::min(s, most_colours - 1);
      for (const Index i : summary.studies[s].members) groups_[static_cast<std::size_t>(i)] = group;
      if (s < most_colours - 1 || studies == most_colours)
        names_.push_back(summary.studies[s].name.empty() ? "" : "study " + summary.studies[s].name);
      else if (s == most_colours - 1)
        names_.push_back("other studies");
    }
    for (const Outlier& o : summary.outliers) differing_.insert(o.map);
  }

  Section write(Section out) {
    out.blocks.push_back(
        Paragraph{"Figure 2: maps at several ages. Sagittal, coronal and axial plane; the subject's "
                  "left side is on the left."});
    maps(out, "maps-by-age", of_evenly_spaced_ages(cohort_, shown_ages, differing_), false);
    out.blocks.push_back(studies());
    out.blocks.push_back(ages());
    if (!summary_.coverage.empty()) coverage(out);
    return out;
  }

 private:
  std::vector<std::string> cells(const StudySummary& s, const std::string& name) const {
    const bool known = s.women + s.men > 0;
    return {name, fmt::format("{}", s.members.size()), plus_minus({s.mean, s.members.size() > 1 ? s.sd : NAN}, 1),
            fmt::format("{:.1f} – {:.1f}", s.youngest, s.oldest),
            known ? fmt::format("{} : {}", s.women, s.men) : "not known"};
  }

  ReportTable studies() const {
    ReportTable t{.caption = "Table 2. Studies of the cohort",
                  .head = {"study", "subjects", "age (years)", "range", "women : men"}};
    if (summary_.studies.size() > 1)
      for (const StudySummary& s : summary_.studies) t.add(cells(s, s.name));
    t.rows.push_back({cells(summary_.all, "all"), TableRow::Kind::best});
    t.add({"paper (another cohort)", "311", "41.0 ± 21.9", "", "183 : 128"});
    return t;
  }

  static ReportTable counts(const Histogram& h, const std::string& caption) {
    ReportTable t{.caption = caption, .head = {"from", "to"}, .words = 0, .in_tex = false};
    for (const std::string& name : h.names) t.head.push_back(name.empty() ? "subjects" : name);
    for (std::size_t b = 0; b < h.counts.at(0).size(); ++b) {
      const double from = h.first + h.width * static_cast<double>(b);
      std::vector<std::string> row = {fmt::format("{:.3g}", from * h.shown),
                                      fmt::format("{:.3g}", (from + h.width) * h.shown)};
      for (const auto& group : h.counts) row.push_back(fmt::format("{}", group[b]));
      t.add(row);
    }
    return t;
  }

  Figure ages() const {
    Histogram h;
    h.title = "Figure 3: subjects by age and study";
    h.axis = "age (years)";
    h.width = 5;
    h.tick = 10;
    h.first = 5 * std::floor(summary_.all.youngest / 5);
    h.names = names_;
    std::vector<double> values;
    for (Index i = 0; i < cohort_.size(); ++i) values.push_back(cohort_.subject(i).age);
    h = count_into(h, values, groups_, 5 * (std::floor(summary_.all.oldest / 5) + 1));
    return {"cohort-ages",
            histogram_picture(h),
            {"How many subjects have which age, in colours by study.",
             "All ages have subjects, and several studies overlap at each age.",
             "Gaps, or ages that only one study has: the network can then learn the study instead of the age.",
             "Compare with protocol = \"leave_one_study_out\", or balance the batches: train.order."},
            counts(h, "Subjects by age")};
  }

  void coverage(Section& out) const {
    const std::vector<double>& shares = summary_.coverage;
    const double least = *std::ranges::min_element(shares);
    Histogram h;
    h.title = "Figure 7: maps by covered share of the brain";
    h.axis = "share of the brain (%)";
    h.shown = 100;
    h.width = least < 0.6 ? 0.05 : 0.02;
    h.tick = least < 0.6 ? 0.1 : 0.04;
    h.first = std::max(0.0, h.tick * std::floor(least / h.tick));
    h.names = names_;
    h = count_into(h, shares, groups_, 1);
    out.blocks.push_back(
        Figure{"cohort-coverage",
               histogram_picture(h),
               {std::string("The share of the brain that each map covers.") +
                    (summary_.coverage_estimated ? " Estimated: the brain is where half of the maps have data." : ""),
                "Most maps cover 90 % and more, as in the paper.",
                "Many maps cover little, or the studies differ: the network can learn the coverage.",
                "Look at the maps with the least coverage below, and exclude maps that miss the brain."},
               counts(h, "Maps by coverage, %")});
    const std::vector<Index> examples = of_coverage(shares, {1, 0.95, 0.9, 0.8}, differing_);
    if (examples.empty()) return;
    out.blocks.push_back(Paragraph{"Figure 8: maps of several coverages."});
    maps(out, "maps-by-coverage", examples, true);
  }

  void maps(Section& out, const std::string& name, const std::vector<Index>& shown, bool by_coverage) const {
    if (shown.empty()) {
      out.blocks.push_back(Missing{"No map is without a difference from the cohort: show_cohort shows all of them."});
      return;
    }
    const bool stiffness = cohort_.unit() == "kPa";
    Maps block{.name = name, .rows = {}, .most = 0, .unit = cohort_.unit()};
    if (stiffness)
      for (const Index i : shown) block.most = std::max(block.most, scale_end(cohort_.volume(i).values));
    const Triple at = centre_of(cohort_.grid(), cohort_.volume(shown[0]).values);
    for (const Index i : shown) {
      const std::vector<float> values = cohort_.volume(i).values;
      const PlaneStyle style{cohort_.reversed_axes(), stiffness ? block.most : scale_end(values),
                             stiffness ? Tone::viridis : Tone::grey};
      const Subject& s = cohort_.subject(i);
      const std::string years = fmt::format("{:.1f} years", s.age), sex = s.sex.empty() ? "" : ", " + s.sex;
      Maps::Row row;
      row.heading = by_coverage ? fmt::format("{:.0f} %", 100 * summary_.coverage[static_cast<std::size_t>(i)]) : years;
      row.text = by_coverage ? fmt::format("{}, {}", s.id, years) : s.id + sex;
      for (const Plane plane : {Plane::sagittal, Plane::coronal, Plane::axial})
        row.planes[static_cast<std::size_t>(plane)] = plane_png(cohort_.grid(), values, plane, at, style);
      block.rows.push_back(std::move(row));
    }
    out.blocks.push_back(std::move(block));
  }

  const CohortFile& cohort_;
  const CohortSummary& summary_;
  std::vector<std::size_t> groups_;
  std::vector<std::string> names_;
  std::set<Index> differing_;
};

Section of_file(const std::filesystem::path& path, Section out) {
  const CohortFile cohort(path.string());
  const CohortSummary summary = cohort_summary(cohort);
  out.blocks.push_back(
      Paragraph{fmt::format("{}: {} maps of {:g} mm.{}", path.filename().string(), cohort.size(), cohort.voxel_mm(),
                            cohort.synthetic() ? " A synthetic phantom: computed, not measured." : "")});
  return Writer(cohort, summary).write(std::move(out));
}

}  // namespace

Section cohort_section(const StudyResults& results) {
  Section out{.id = "cohort", .title = "Cohort: Table 2, Figures 2, 3, 7 and 8"};
  if (results.cells.empty()) {
    out.blocks.push_back(Missing{"No training is finished."});
    return out;
  }
  const Config& config = results.plan.trainings[results.cells.front().cell.training].config;
  const std::filesystem::path path = cohort_path(config.data);
  if (!std::filesystem::exists(path)) {
    out.blocks.push_back(Missing{path.filename().string() + " is not there any more: its maps cannot be shown. "
                                                            "show_cohort shows a cohort file."});
    return out;
  }
  try {
    return of_file(path, out);
  } catch (const Error& error) {  // the numbers of the study do not need the file any more
    return {out.id, out.title, {Missing{error.what()}}};
  }
}

}  // namespace cg
