// SPDX-License-Identifier: Apache-2.0
// The page of a cohort: its numbers are those of the file, its pictures show the maps, and no text from a file can run.
#include "experiments/pages/cohort_page.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cmath>
#include <numeric>

#include "data/formats/hdf5_file.h"
#include "data/phantom/cohort.h"
#include "experiments/pages/cohort_examples.h"
#include "experiments/pages/colour_map.h"
#include "experiments/pages/histogram.h"
#include "experiments/pages/plane_image.h"
#include "tests/data/formats/raw_h5.h"
#include "tests/support/planted_cohort.h"
#include "tests/support/png.h"
#include "tests/support/shell.h"
#include "tests/support/well_formed.h"

using namespace cg;
using namespace cg::test;

namespace {

/// A cohort whose maps have the given numbers of voxels with data.
struct SampleCohort {
  TemporaryFile file;
  std::vector<std::string> ids, sexes, studies;
  std::vector<double> ages;
  std::vector<Index> filled;  ///< voxels of each map, of 64

  explicit SampleCohort(const std::string& name) : file(name) {}
  void add(const std::string& id, double age, const std::string& sex, const std::string& study, Index voxels = 64) {
    ids.push_back(id);
    ages.push_back(age);
    sexes.push_back(sex);
    studies.push_back(study);
    filled.push_back(voxels);
  }
  CohortFile open() const {
    const auto n = static_cast<Index>(ids.size());
    H5Writer out(file.path);
    std::vector<float> maps;
    for (const Index voxels : filled)
      for (Index k = 0; k < 64; ++k) maps.push_back(k < voxels ? static_cast<float>(k + 1) : 0);
    out.floats("maps", {n, 1, 4, 4, 4}, maps);
    out.numbers("age", {n}, ages);
    out.strings("participant_id", ids);
    out.strings("sex", sexes);
    out.strings("study", studies);
    out.attribute("voxel_mm", 40);
    out.commit();
    return CohortFile(file.path);
  }
};

std::size_t times(const std::string& text, const std::string& word) {
  std::size_t n = 0;
  for (std::size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) ++n;
  return n;
}

}  // namespace

TEST_CASE("summarise: counts, means and ranges by study, with names in numeric order") {
  SampleCohort sample("summary.h5");
  sample.add("a", 20, "F", "10");
  sample.add("b", 30, "M", "2");
  sample.add("c", 40, "F", "2");
  sample.add("d", 50, "", "2");
  const CohortFile cohort = sample.open();
  const CohortSummary s = cohort_summary(cohort);
  REQUIRE(s.studies.size() == 2);
  CHECK(s.studies[0].name == "2");
  CHECK(s.studies[0].members == std::vector<Index>{1, 2, 3});
  CHECK(s.studies[0].women == 1);
  CHECK(s.studies[0].men == 1);
  CHECK(s.studies[0].mean == doctest::Approx(40));
  CHECK(s.studies[0].sd == doctest::Approx(10));
  CHECK(s.studies[0].youngest == 30);
  CHECK(s.studies[0].oldest == 50);
  CHECK(s.all.members.size() == 4);
  CHECK(s.all.mean == doctest::Approx(35));
}

TEST_CASE(
    "summarise: coverage is that of the file, or the share of the voxels with data in at least half of the maps") {
  SampleCohort sample("coverage.h5");
  sample.add("a", 20, "F", "", 40);
  sample.add("b", 30, "F", "", 50);
  sample.add("c", 40, "F", "", 20);
  sample.add("d", 50, "F", "", 64);
  const CohortFile cohort = sample.open();
  int read = 0;
  const CohortSummary s = cohort_summary(cohort, [&] { ++read; });
  CHECK(s.coverage_estimated);
  CHECK(read == 8);
  CHECK(cohort_summary_readings(cohort) == 8);
  CHECK(s.coverage == std::vector<double>{0.8, 1, 0.4, 1});  // 50 voxels have data in two of the four maps
  const TemporaryFile file("phantom.h5");
  phantom::CohortOptions options;
  options.subjects = 4;
  options.voxel_mm = 8;
  phantom::write_cohort(options, file.path);
  const CohortFile made(file.path);
  read = 0;
  const CohortSummary p = cohort_summary(made, [&] { ++read; });
  CHECK(read == cohort_summary_readings(made));
  CHECK(read == 4);  // each map once
  CHECK_FALSE(p.coverage_estimated);
  CHECK(p.coverage == H5Reader(file.path).numbers("coverage"));
}

TEST_CASE("examples: evenly spaced ages and the wanted coverage, each subject once") {
  SampleCohort sample("examples.h5");
  for (const double age : {50, 20, 21, 35, 80}) sample.add(fmt::format("s{}", age), age, "F", "");
  const CohortFile cohort = sample.open();
  CHECK(of_evenly_spaced_ages(cohort, 3) == std::vector<Index>{0, 3, 4});
  CHECK(of_evenly_spaced_ages(cohort, 9).size() == 5);
  CHECK(of_coverage({0.99, 0.9, 0.81, 0.5}, {1, 0.95, 0.9, 0.8, 0.6}) == std::vector<Index>{0, 1, 2});
  CHECK(counterpart(cohort, {"s35", cohort.subject(2).age + 0.5, "", ""}) == 2);
  CHECK(counterpart(cohort, {"s35", 70, "", ""}) == 4);  // another person with the same id
  CHECK_FALSE(same_person({"s1", 30, "F", ""}, {"s1", 30, "M", ""}));
  CHECK(same_person({"s1", 30, "F", ""}, {"s1", 30.4, "", ""}));
  CHECK(counterpart(cohort, {"other", 70, "", ""}) == 4);
}

TEST_CASE("histogram: each value is counted once, in its bin and group") {
  Histogram empty;
  empty.first = 10;
  empty.width = 5;
  empty.names = {"a", "b"};
  const Histogram h = count_into(empty, {10, 14.9, 15, 20, 24.9, 25}, {0, 0, 1, 0, 1, 1}, 25);
  CHECK(h.counts == std::vector<std::vector<Index>>{{2, 0, 1}, {0, 1, 2}});
  Markup page;
  write_histogram(page, h);
  const std::string svg = page.take();
  CHECK(malformed(svg) == "");
  CHECK(times(svg, "<rect ") == 4);
  CHECK(svg.find("b, 20 to 25: 2") != std::string::npos);
}

TEST_CASE("plane_png: one pixel per voxel in its colour, transparent for 0; left is on the left") {
  const VoxelGrid grid{{2, 3, 4}, 1};
  std::vector<float> values(24);
  for (std::size_t k = 0; k < 24; ++k) values[k] = static_cast<float>(k);
  PlaneStyle style;
  style.most = 24;
  const Png axial(plane_png(grid, values, Plane::axial, {0, 0, 1}, style));
  CHECK(axial.width() == 2);
  CHECK(axial.height() == 3);
  CHECK(axial.at(1, 0) == viridis(static_cast<double>(values[grid.at(1, 2, 1)]) / 24));
  style.reversed = {true, false, false};
  const Png turned(plane_png(grid, values, Plane::axial, {0, 0, 1}, style));
  CHECK(turned.at(0, 0) == axial.at(1, 0));
  style.tone = Tone::grey;
  const Png grey(plane_png(grid, values, Plane::sagittal, {1, 0, 0}, style));
  CHECK(grey.at(0, 3) == Colour{128, 128, 128});  // 12 of 24
  CHECK(Png(plane_png(grid, std::vector<float>(24), Plane::coronal, {0, 0, 0}, style)).at(0, 0) == Colour{0, 0, 0});
}

TEST_CASE("data_address: base64 of any length") {
  CHECK(data_address("") == "data:image/png;base64,");
  CHECK(data_address("M") == "data:image/png;base64,TQ==");
  CHECK(data_address("Ma") == "data:image/png;base64,TWE=");
  CHECK(data_address("Man") == "data:image/png;base64,TWFu");
  CHECK(data_address("\xff\xfe\xfd\xfc") == "data:image/png;base64,//79/A==");
}

TEST_CASE("cohort_page: the paper's figures and table for a phantom, with T1 volumes beside the maps") {
  const TemporaryFile file("mre.h5"), other("t1.h5");
  phantom::CohortOptions options;
  options.subjects = 40;
  options.voxel_mm = 8;
  phantom::write_cohort(options, file.path);
  options.subjects = 6;
  options.t1 = true;
  phantom::write_cohort(options, other.path);
  const CohortFile cohort(file.path), t1(other.path);
  const std::string page = cohort_page(cohort, cohort_summary(cohort), &t1);
  CHECK(malformed(page) == "");
  CHECK(page.find("<script") == std::string::npos);
  CHECK(page.find("default-src &#39;none&#39;; img-src data:; style-src &#39;unsafe-inline&#39;") != std::string::npos);
  CHECK(times(page, "http:") + times(page, "https:") == 0);
  CHECK(page.find("SYNTHETIC PHANTOM") != std::string::npos);
  CHECK(times(page, "<svg ") == 2);
  for (const char* heading : {"Ages", "Studies", "Coverage", "Stiffness at several ages"})
    CHECK(page.find(fmt::format("<h2>{}<", heading)) != std::string::npos);
  const std::size_t examples = of_coverage(cohort.coverage(), {1, 0.95, 0.9, 0.8}).size();
  CHECK(times(page, "<img ") == 3 * examples + 4 * 2 * 3);
  CHECK(page.find("image-rendering") != std::string::npos);
  CHECK(times(page, "; left: phantom-") > 0);  // a volume of another person is named
}

TEST_CASE("cohort_page: maps that do not belong are shown with id and reason, and are no examples") {
  const PlantedCohort sample(30, 14, [](Maps& maps) {
    in_pascal(maps[0]);
    shift(maps[6], 4);
    maps[9] = maps[3];
  });
  const CohortFile clean(sample.file), cohort(sample.planted);
  const CohortSummary summary = cohort_summary(cohort);
  const std::string page = cohort_page(cohort, summary, nullptr);
  CHECK(malformed(page) == "");
  CHECK(page.find("<h2>Maps that do not belong?<") != std::string::npos);
  CHECK(page.find("3 of 30 maps differ") != std::string::npos);
  const std::string section = page.substr(page.find("do not belong?"), page.find("<h2>Ages") - page.find("do not"));
  CHECK(times(section, "<img ") == 3 * 3);
  for (const Index i : {0, 6, 9}) CHECK(times(section, fmt::format("<b>{}</b", cohort.subject(i).id)) == 1);
  for (const char* word : {"pascal among kilopascals?", "mm from the usual place", "one scan under two ids?"})
    CHECK(section.find(word) != std::string::npos);
  CHECK(times(page, cohort.subject(0).id) == times(section, cohort.subject(0).id));  // nowhere else
  CHECK(page.find("0 kPa</span>") == std::string::npos);  // the common scales end as those of the clean cohort
  const std::string other = cohort_page(clean, cohort_summary(clean), nullptr);
  CHECK(other.find("do not belong") == std::string::npos);
  CHECK(other.find("none is an outlier, and no two are equal") != std::string::npos);
}

TEST_CASE("cohort_page: a cohort of nothing but outliers has a page, and many of them are counted") {
  const PlantedCohort two(2, 16, [](Maps& maps) { in_pascal(maps[0]); });
  const CohortFile pair(two.planted);
  const std::string page = cohort_page(pair, cohort_summary(pair), nullptr);
  CHECK(malformed(page) == "");
  CHECK(page.find("2 of 2 maps differ") != std::string::npos);
  CHECK(page.find("Stiffness at several ages") != std::string::npos);
  SampleCohort equal("equal.h5");
  for (int k = 0; k < 120; ++k) equal.add(fmt::format("s{}", 100 + k), 20 + k / 2.0, "", "");
  const CohortFile all = equal.open();
  const std::string long_page = cohort_page(all, cohort_summary(all), nullptr);
  CHECK(malformed(long_page) == "");
  CHECK(long_page.find("Also 111: s109, ") != std::string::npos);
  CHECK(long_page.find(", …") != std::string::npos);
}

TEST_CASE("cohort_page: text from a file is escaped, and cohorts with few columns have a page too") {
  SampleCohort sample("hostile.h5");
  sample.add("<script>alert(1)</script>", 20, "F", "\"><img src=x onerror=alert(1)>");
  sample.add("&amp;'\x01", 30, "M", "\u00ff</td>");
  const CohortFile cohort = sample.open();
  std::string page = cohort_page(cohort, cohort_summary(cohort), nullptr);
  CHECK(malformed(page) == "");
  CHECK(page.find("<script") == std::string::npos);
  CHECK(page.find("<img src=x") == std::string::npos);
  SampleCohort bare("bare.h5");
  bare.add("one", 44, "", "", 30);
  const CohortFile single = bare.open();
  page = cohort_page(single, cohort_summary(single), nullptr);
  CHECK(malformed(page) == "");
  CHECK(page.find("not known") != std::string::npos);
  SampleCohort many("many.h5");
  for (int k = 0; k < 62; ++k) many.add(fmt::format("s{}", k), 20 + k, "F", fmt::format("site {}", k));
  const CohortFile sites = many.open();
  page = cohort_page(sites, cohort_summary(sites), nullptr);
  CHECK(page.find("55 other studies") != std::string::npos);
}

TEST_CASE("show_cohort: warns of maps that do not belong, and of nothing in a phantom") {
  const PlantedCohort sample(12, 16, [](Maps& maps) {
    in_pascal(maps[4]);
    maps[9] = maps[3];
  });
  const auto show = [&](const std::string& file) {
    return shell(fmt::format("'{}/show_cohort' '{}' --overwrite --out '{}/page.html' 2>&1", CG_TEST_BINARIES, file,
                             sample.folder));
  };
  const Finished planted = show(sample.planted), clean = show(sample.file);
  CAPTURE(planted.text);
  CHECK(planted.code == 0);
  const CohortFile cohort(sample.planted);
  CHECK(planted.says("warning: 1 map differs from the cohort in intensity: " + cohort.subject(4).id));
  CHECK(planted.says("warning: 1 map is equal to another: " + cohort.subject(9).id));
  CHECK(clean.code == 0);
  CHECK_FALSE(clean.says("warning"));
}

TEST_CASE("show_cohort: writes the page, and ends with 3 for a missing file") {
  SampleCohort sample("shown.h5");
  sample.add("a", 20, "F", "1");
  sample.add("b", 30, "M", "1");
  (void)sample.open();
  const TemporaryFile out("page.html");
  const std::string tool = fmt::format("'{}/show_cohort'", CG_TEST_BINARIES);
  const Finished done = shell(fmt::format("{} '{}' --out '{}' 2>&1", tool, sample.file.path, out.path));
  CAPTURE(done.text);
  CHECK(done.code == 0);
  CHECK(std::filesystem::exists(out.path));
  CHECK(shell(tool + " /nowhere.h5 2>&1").code == 3);
  CHECK(shell(tool + " 2>&1").code == 2);
}
