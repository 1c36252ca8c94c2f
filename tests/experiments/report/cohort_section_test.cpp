// SPDX-License-Identifier: Apache-2.0
// The cohort's section of a report: Table 2 and the histograms have the counts of each study's own subjects.
#include "experiments/report/cohort_section.h"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <map>

#include "data/phantom/cohort.h"
#include "experiments/training/cohort.h"
#include "tests/experiments/report/sample_study.h"

using namespace cg;
using namespace cg::test;

namespace {

struct Counts {
  Index subjects = 0, women = 0, men = 0;
  double age = 0;
  std::map<double, Index> by_age;  ///< from a multiple of 5
};

struct Place {
  std::string path = (std::filesystem::temp_directory_path() / fmt::format("cg-cohort-{}.h5", getpid())).string();
  StudyResults results = sample_results("table3", {{"a", "A", {{21, 42}}}});
  std::map<std::string, Counts> studies;

  Place() {
    phantom::CohortOptions options;
    options.subjects = 41;
    options.voxel_mm = 16;
    options.threads = 1;
    phantom::write_cohort(options, path);
    results.plan.trainings.resize(1);
    results.plan.trainings[0].config.data.cohort = path;
    const CohortFile cohort(path);
    for (Index i = 0; i < cohort.size(); ++i)
      for (const std::string& name : {cohort.subject(i).study, std::string("all")}) {
        Counts& counts = studies[name];
        ++counts.subjects;
        counts.women += cohort.subject(i).sex == "F";
        counts.men += cohort.subject(i).sex == "M";
        counts.age += cohort.subject(i).age;
        ++counts.by_age[5 * std::floor(cohort.subject(i).age / 5)];
      }
  }
  ~Place() { std::filesystem::remove(path); }
};

}  // namespace

TEST_CASE("cohort section: Table 2 has the subjects, the mean age, women and men of each study") {
  const Place place;
  REQUIRE(place.studies.size() == 6);
  const Counts& all = place.studies.at("all");
  REQUIRE(all.women != all.men);
  const ReportTable table = blocks_of<ReportTable>(cohort_section(place.results)).at(0);
  REQUIRE(table.rows.size() == 7);
  for (std::size_t k = 0; k < 6; ++k) {
    const std::vector<std::string>& cells = table.rows[k].cells;
    CAPTURE(cells[0]);
    const Counts& counts = place.studies.at(cells[0]);
    CHECK(cells[1] == std::to_string(counts.subjects));
    CHECK(cells[2].starts_with(fmt::format("{:.1f} ± ", counts.age / static_cast<double>(counts.subjects))));
    CHECK(cells[4] == fmt::format("{} : {}", counts.women, counts.men));
  }
  CHECK(table.rows[6].cells ==
        std::vector<std::string>{"paper (another cohort)", "311", "41.0 ± 21.9", "", "183 : 128"});
}

TEST_CASE("cohort section: the bars of figure 3 count each study's subjects of that age") {
  const Place place;
  const ReportTable bars = blocks_of<Figure>(cohort_section(place.results)).at(0).numbers;
  REQUIRE(bars.head.size() == 2 + 5);
  Index all = 0;
  for (const TableRow& row : bars.rows)
    for (std::size_t column = 2; column < bars.head.size(); ++column) {
      const std::string name = bars.head[column].substr(std::string("study ").size());
      CAPTURE(name);
      const std::map<double, Index>& counts = place.studies.at(name).by_age;
      const auto at = counts.find(std::stod(row.cells[0]));
      CHECK(row.cells[column] == std::to_string(at == counts.end() ? 0 : at->second));
      all += std::stol(row.cells[column]);
    }
  CHECK(all == 41);
}
