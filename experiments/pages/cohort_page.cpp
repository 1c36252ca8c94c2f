// SPDX-License-Identifier: Apache-2.0
#include "experiments/pages/cohort_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>

#include "data/files/sums.h"
#include "experiments/pages/cohort_examples.h"
#include "experiments/pages/cohort_page_style.h"
#include "experiments/pages/colour_map.h"
#include "experiments/pages/histogram.h"
#include "experiments/pages/page_style.h"
#include "experiments/pages/plane_image.h"

namespace cg {
namespace {

constexpr std::size_t coloured = 7;  // studies with a separate colour; the others share the eighth
constexpr std::size_t shown_ages = 4;
constexpr double bin_years = 5;
const std::vector<double> shown_coverage = {1, 0.95, 0.9, 0.8};  // as in the paper's figure 8

class Page {
 public:
  Page(const CohortFile& cohort, const CohortSummary& summary, const CohortFile* beside)
      : cohort_(cohort), summary_(summary), beside_(beside), stiffness_(cohort.unit() == "kPa") {
    choose_colours();
    for (const Outlier& o : summary.outliers) differing_.insert(o.map);
  }

  std::string write() {
    page_.own("<!DOCTYPE html>\n").open("html", {{"lang", "en"}});
    head();
    page_.open("body");
    heading();
    outliers();
    ages();
    people();
    if (!summary_.coverage.empty()) coverage();
    maps();
    page_.element("footer", {},
                  "Written by show_cohort. This page loads nothing from other places and runs no script.");
    return page_.close().close().take();
  }

 private:
  void choose_colours();
  void head();
  void heading();
  void tile(const std::string& number, const std::string& text);
  void legend();
  void outliers();
  void ages();
  void people();
  void person_row(const StudySummary& s, const std::string& colour);
  void coverage();
  void maps();
  void brain(Index i, const std::string& big, const std::string& small, double most);
  void planes(const CohortFile& of, Index i, const Triple& at, Tone tone, double most);
  void scale(double most, const std::string& unit);
  std::vector<Index> typical_ages() const;
  Triple middle(const CohortFile& of, Index i) const;
  double common_end(const std::vector<Index>& of) const;
  bool has_studies() const { return summary_.studies.size() > 1 || !summary_.studies[0].name.empty(); }

  const CohortFile& cohort_;
  const CohortSummary& summary_;
  const CohortFile* beside_;
  bool stiffness_;
  std::vector<std::size_t> group_;   ///< per subject: index of its colour
  std::vector<std::size_t> colour_;  ///< per study: index of its colour
  std::vector<std::string> names_;   ///< per colour, for the legend
  std::set<Index> differing_;        ///< outliers, which are not shown as examples
  double most_ = 1;                  ///< end of the maps' colour scale
  Triple at_ = {};                   ///< the voxel in all pictures of the cohort's maps
  Markup page_;
};

/// The largest studies have separate colours if there are many.
void Page::choose_colours() {
  const auto& studies = summary_.studies;
  std::vector<std::size_t> order(studies.size());
  for (std::size_t k = 0; k < order.size(); ++k) order[k] = k;
  if (studies.size() > coloured + 1)
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
      return studies[a].members.size() > studies[b].members.size();
    });
  colour_.assign(studies.size(), coloured);
  group_.assign(static_cast<std::size_t>(cohort_.size()), 0);
  for (std::size_t k = 0; k < order.size(); ++k) {
    const bool own = k < coloured || studies.size() == coloured + 1;
    if (own) names_.push_back("study " + studies[order[k]].name);
    if (k == coloured && !own) names_.push_back(fmt::format("{} other studies", studies.size() - coloured));
    colour_[order[k]] = std::min(k, coloured);
  }
  if (!has_studies()) names_ = {""};
  for (std::size_t s = 0; s < studies.size(); ++s)
    for (const Index i : studies[s].members) group_[static_cast<std::size_t>(i)] = colour_[s];
}

void Page::head() {
  page_.open("head").empty("meta", {{"charset", "utf-8"}});
  page_.empty("meta", {{"name", "viewport"}, {"content", "width=device-width, initial-scale=1"}});
  page_.empty("meta", {{"http-equiv", "Content-Security-Policy"},
                       {"content", "default-src 'none'; img-src data:; style-src 'unsafe-inline'"}});
  page_.element("title", {}, "Cohort " + std::filesystem::path(cohort_.path()).filename().string());
  page_.open("style").own(page_style).own(group_colours).own(cohort_page_style).close();
  page_.close();
}

void Page::tile(const std::string& number, const std::string& text) {
  page_.open("div", {{"class", "tile"}}).element("b", {}, number).element("span", {}, text).close();
}

void Page::heading() {
  const StudySummary& all = summary_.all;
  page_.element("h1", {}, "Cohort " + std::filesystem::path(cohort_.path()).filename().string());
  if (cohort_.synthetic())
    page_.element("p", {{"class", "synthetic"}}, "SYNTHETIC PHANTOM: computed, not measured; no person was scanned");
  if (!cohort_.verified()) page_.element("p", {}, fmt::format("This file is {}.", Sums::absent));
  page_.open("div", {{"class", "tiles"}});
  tile(fmt::format("{}", cohort_.size()), stiffness_ ? "stiffness maps, one per subject" : "volumes, one per subject");
  tile(fmt::format("{:.1f} ± {:.1f} years", all.mean, all.sd),
       fmt::format("age, from {:.1f} to {:.1f}", all.youngest, all.oldest));
  if (all.women + all.men > 0) tile(fmt::format("{} : {}", all.women, all.men), "women to men");
  const Shape v = cohort_.volume_shape();
  tile(fmt::format("{:g} mm", cohort_.voxel_mm()), fmt::format("voxels, {} × {} × {}", v[0], v[1], v[2]));
  page_.close();
}

/// The maps that do not belong, the worst first; of a cohort without them, one line.
void Page::outliers() {
  constexpr std::size_t most_pictures = 8, most_named = 100;
  const std::string tested = stiffness_ ? "intensity, extent and place" : "extent and place";
  if (summary_.outliers.empty()) {
    if (cohort_.size() >= fewest_compared)
      page_.element(
          "p", {{"class", "soft checked"}},
          fmt::format("Each map was compared with the cohort in {}: none is an outlier, and no two are equal.",
                      tested));
    return;
  }
  std::vector<Index> order;
  std::map<Index, std::string> reasons;
  for (const Outlier& o : summary_.outliers) {
    std::string& reason = reasons[o.map];
    if (reason.empty()) order.push_back(o.map);
    reason += (reason.empty() ? "" : "; ") + o.text;
  }
  const std::vector<Index> typical = typical_ages();
  at_ = middle(cohort_, typical[0]);
  page_.open("section", {{"class", "outliers"}}).element("h2", {}, "Maps that do not belong?");
  page_.element("p", {{"class", "soft"}},
                fmt::format("{} of {} maps differ from the cohort in {}, or are equal to another map. All are cut at "
                            "the same voxel, and each has its own colour scale.",
                            order.size(), cohort_.size(), tested));
  page_.open("div", {{"class", "maps pairs"}});
  for (std::size_t k = 0; k < std::min(order.size(), most_pictures); ++k) {
    const double most = scale_end(cohort_.volume(order[k]).values);
    brain(order[k], cohort_.subject(order[k]).id,
          fmt::format("{}{} Colours to {:g} {}.", reasons[order[k]], reasons[order[k]].ends_with('?') ? "" : ".", most,
                      cohort_.unit()),
          most);
  }
  page_.close();
  std::string others;
  for (std::size_t k = most_pictures; k < std::min(order.size(), most_named); ++k)
    others += (others.empty() ? "" : ", ") + cohort_.subject(order[k]).id;
  if (order.size() > most_pictures)
    page_.element(
        "p", {{"class", "soft"}},
        fmt::format("Also {}: {}{}", order.size() - most_pictures, others, order.size() > most_named ? ", …" : ""));
  page_.close();
}

void Page::legend() {
  if (!has_studies()) return;
  page_.open("ul", {{"class", "legend"}});
  for (std::size_t k = 0; k < names_.size(); ++k)
    page_.open("li").element("i", {{"class", fmt::format("c{}", k)}}, "").text(names_[k]).close();
  page_.close();
}

void Page::ages() {
  std::vector<double> values;
  for (Index i = 0; i < cohort_.size(); ++i) values.push_back(cohort_.subject(i).age);
  Histogram h;
  h.title = "Number of subjects by age and study";
  h.axis = "age (years)";
  h.width = bin_years;
  h.tick = 10;
  h.first = bin_years * std::floor(summary_.all.youngest / bin_years);
  h.names = names_;
  page_.open("section").element("h2", {}, "Ages");
  page_.element("p", {{"class", "soft"}}, "Number of subjects per five years of age.");
  legend();
  page_.open("figure");
  write_histogram(page_, count_into(h, values, group_, bin_years * (std::floor(summary_.all.oldest / bin_years) + 1)));
  page_.close().close();
}

void Page::person_row(const StudySummary& s, const std::string& colour) {
  page_.open("tr").open("th", {{"scope", "row"}});
  if (!colour.empty()) page_.element("i", {{"class", colour}}, "");
  page_.text(s.name).close();
  const Index n = static_cast<Index>(s.members.size()), unknown = n - s.women - s.men;
  page_.element("td", {}, fmt::format("{}", n));
  page_.element("td", {}, n > 1 ? fmt::format("{:.1f} ± {:.1f}", s.mean, s.sd) : fmt::format("{:.1f}", s.mean));
  page_.element("td", {}, fmt::format("{:.1f} – {:.1f}", s.youngest, s.oldest));
  page_.element("td", {}, unknown == n ? "not known" : fmt::format("{} : {}", s.women, s.men));
  if (summary_.all.women + summary_.all.men < cohort_.size())
    page_.element("td", {}, unknown == 0 ? "" : fmt::format("{}", unknown));
  page_.close();
}

void Page::people() {
  page_.open("section").element("h2", {}, has_studies() ? "Studies" : "Subjects");
  const bool all_known = summary_.all.women + summary_.all.men == cohort_.size();
  open_frame(page_, all_known ? "five" : "six", "This table");
  page_.open("table", {{"class", "people"}}).open("thead").open("tr");
  for (const char* heading : {"study", "subjects", "age (years)", "range", "women : men"})
    page_.element("th", {{"scope", "col"}}, heading);
  if (!all_known) page_.element("th", {{"scope", "col"}}, "sex not known");
  page_.close().close().open("tbody");
  if (has_studies())
    for (std::size_t s = 0; s < summary_.studies.size(); ++s)
      person_row(summary_.studies[s], fmt::format("c{}", colour_[s]));
  page_.close().open("tfoot");
  person_row(summary_.all, "");
  page_.close().close().close().close().close();
}

void Page::coverage() {
  const std::vector<double>& shares = summary_.coverage;
  const double least = *std::min_element(shares.begin(), shares.end());
  Histogram h;
  h.title = "Number of maps by covered share of the brain and study";
  h.axis = "share of the brain that a map covers (%)";
  h.width = least < 0.6 ? 0.05 : 0.02;
  h.tick = least < 0.6 ? 0.1 : 0.04;
  h.shown = 100;
  h.first = std::max(0.0, h.tick * std::floor(least / h.tick));
  h.names = names_;
  const auto above = [&](double share) {
    return 100.0 *
           static_cast<double>(std::count_if(shares.begin(), shares.end(), [&](double s) { return s >= share; })) /
           static_cast<double>(shares.size());
  };
  page_.open("section").element("h2", {}, "Coverage");
  page_.element(
      "p", {{"class", "soft"}},
      fmt::format(
          "{:.0f} % of the maps cover at least 90 % of the brain, {:.0f} % at least 99 %.{}", above(0.9), above(0.99),
          summary_.coverage_estimated ? " Estimated: the brain is where at least half of the maps have data." : ""));
  legend();
  page_.open("figure");
  write_histogram(page_, count_into(h, shares, group_, 1));
  page_.close();
  const std::vector<Index> examples = of_coverage(shares, shown_coverage, differing_);
  if (!examples.empty()) {
    at_ = middle(cohort_, examples[0]);
    most_ = common_end(examples);
    page_.open("div", {{"class", "maps pairs"}});
    for (const Index i : examples)
      brain(i, fmt::format("{:.0f} %", 100 * shares[static_cast<std::size_t>(i)]),
            fmt::format("{}, {:.1f} years", cohort_.subject(i).id, cohort_.subject(i).age), most_);
    page_.close();
    scale(most_, cohort_.unit());
  }
  page_.close();
}

void Page::maps() {
  const std::vector<Index> shown = typical_ages();
  at_ = middle(cohort_, shown[0]);
  most_ = common_end(shown);
  page_.open("section").element("h2", {}, stiffness_ ? "Stiffness at several ages" : "Volumes at several ages");
  page_.element("p", {{"class", "soft"}}, "Sagittal, coronal and axial plane; the subject's left side is on the left.");
  if (beside_) {
    page_.open("div", {{"class", "columns"}}).element("span", {}, "");
    page_.element("span", {}, std::filesystem::path(beside_->path()).filename().string());
    page_.element("span", {}, std::filesystem::path(cohort_.path()).filename().string()).close();
  }
  page_.open("div", {{"class", "maps"}});
  for (const Index i : shown) {
    const Subject& s = cohort_.subject(i);
    page_.open("div", {{"class", "brain"}}).open("div", {{"class", "who"}});
    page_.element("b", {}, fmt::format("{:.1f} years", s.age)).text(s.id + (s.sex.empty() ? "" : ", " + s.sex));
    if (beside_) {
      const Index other = counterpart(*beside_, s);
      const Subject& o = beside_->subject(other);
      if (!same_person(o, s)) page_.text(fmt::format("; left: {}, {:.1f} years", o.id, o.age));
      page_.close();
      page_.element("span", {{"class", "which"}}, std::filesystem::path(beside_->path()).filename().string());
      planes(*beside_, other, middle(*beside_, other), beside_->unit() == "kPa" ? Tone::viridis : Tone::grey, 0);
      page_.element("span", {{"class", "which"}}, std::filesystem::path(cohort_.path()).filename().string());
    } else {
      page_.close();
    }
    planes(cohort_, i, at_, stiffness_ ? Tone::viridis : Tone::grey, stiffness_ ? most_ : 0);
    page_.close();
  }
  page_.close();
  if (stiffness_) scale(most_, cohort_.unit());
  page_.close();
}

void Page::brain(Index i, const std::string& big, const std::string& small, double most) {
  page_.open("div", {{"class", "brain"}}).open("div", {{"class", "who"}});
  page_.element("b", {}, big).text(small).close();
  planes(cohort_, i, at_, Tone::viridis, most);
  page_.close();
}

/// `most`: the end of the colour scale; 0: that of this map.
void Page::planes(const CohortFile& of, Index i, const Triple& at, Tone tone, double most) {
  const std::vector<float> values = of.volume(i).values;
  const PlaneStyle style{of.reversed_axes(), most > 0 ? most : scale_end(values), tone};
  page_.open("div", {{"class", "planes"}});
  const std::pair<Plane, const char*> all[] = {
      {Plane::sagittal, "sagittal"}, {Plane::coronal, "coronal"}, {Plane::axial, "axial"}};
  for (const auto& [plane, name] : all)
    page_.empty("img", {{"class", name},
                        {"alt", fmt::format("{}, {} plane", of.subject(i).id, name)},
                        {"src", data_address(plane_png(of.grid(), values, plane, at, style))}});
  page_.close();
}

void Page::scale(double most, const std::string& unit) {
  std::string stops;
  for (int k = 0; k <= 10; ++k) {
    const Colour c = viridis(k / 10.0);
    stops += fmt::format(",rgb({},{},{})", c[0], c[1], c[2]);
  }
  page_.open("p", {{"class", "scale"}}).element("span", {}, "0");
  page_.element("span", {{"class", "bar"}, {"style", "background:linear-gradient(to right" + stops + ")"}}, "");
  page_.element("span", {}, fmt::format("{:g} {}", most, unit)).close();
}

/// Examples from the youngest to the oldest, without outliers if others are left.
std::vector<Index> Page::typical_ages() const {
  const std::vector<Index> out = of_evenly_spaced_ages(cohort_, shown_ages, differing_);
  return out.empty() ? of_evenly_spaced_ages(cohort_, shown_ages) : out;
}

Triple Page::middle(const CohortFile& of, Index i) const { return centre_of(of.grid(), of.volume(i).values); }

double Page::common_end(const std::vector<Index>& of) const {
  double out = 0;
  for (const Index i : of) out = std::max(out, scale_end(cohort_.volume(i).values));
  return out;
}

}  // namespace

std::string cohort_page(const CohortFile& cohort, const CohortSummary& summary, const CohortFile* beside) {
  return Page(cohort, summary, beside).write();
}

}  // namespace cg
