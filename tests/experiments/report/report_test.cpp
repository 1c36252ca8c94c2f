// SPDX-License-Identifier: Apache-2.0
// The report of a real study, as a user gets it: its numbers are those of results.csv, no label can run, every figure
// is there as SVG and PNG, and the same study gives the same bytes.
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <set>

#include "experiments/pages/plane_image.h"
#include "experiments/report/umap.h"
#include "tests/experiments/runner/tiny_run.h"
#include "tests/support/png.h"
#include "tests/support/shell.h"
#include "tests/support/well_formed.h"

using namespace cg;
using namespace cg::test;

namespace {

namespace fs = std::filesystem;

constexpr const char* study = R"([study]
title = "Table 3 <script>alert(1)</script> & more_"
base = "dynlocrep"
seeds = [0, 1]
reference = "dynlocrep"
[study.rows.dynlocrep]
label = "<script>alert(2)</script>"
paper = [3.724, 0.220]
[study.rows.encoder]
label = "before_the projection"
evaluation.features = "encoder"
[study.rows.threshold]
label = "Threshold"
loss.name = "threshold"
[train]
epochs = 3
batch_size = 8
[loss]
final_neighbours = 4
[model]
width = 4
embedding = 8
[data]
cohort = "synthetic-phantom.h5"
[evaluation]
embeddings_at = [1, 2]
)";

Finished run_study(const std::string& more) {
  return shell(
      fmt::format("cd {} && {}/run_experiment table3.toml threads=1 {} 2>&1", workplace().folder, binaries(), more));
}

/// The folder of the study, which is run once.
const std::string& results() {
  static const std::string folder = [] {
    std::ofstream(workplace().folder + "/table3.toml") << study;
    const Finished done = run_study("--out r/table3");
    CAPTURE(done.text);
    REQUIRE(done.code == 0);
    return workplace().folder + "/r/table3";
  }();
  return folder;
}

std::set<std::string> files_in(const std::string& folder) {
  std::set<std::string> out;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    if (entry.is_regular_file()) out.insert(fs::relative(entry.path(), folder).string());
  return out;
}

bool contains(const std::string& text, const std::string& words) { return text.find(words) != std::string::npos; }

}  // namespace

TEST_CASE("report: the page is well-formed, loads nothing, and no label of a study can run") {
  const std::string page = contents(results() + "/report.html");
  CHECK(malformed(page.substr(page.find("<html"))) == "");
  CHECK(contains(page, "default-src &#39;none&#39;"));
  CHECK_FALSE(contains(page, "<script>alert"));
  CHECK(contains(page, "&lt;script&gt;alert(2)&lt;/script&gt;"));
  CHECK_FALSE(contains(page, "http://"));
  CHECK_FALSE(contains(page, "https://"));
  CHECK(contains(page, "SYNTHETIC PHANTOM"));
}

TEST_CASE("report: its numbers are those of results.csv") {
  const std::string page = contents(results() + "/report.html");
  const Rows csv = table("r/table3/results.csv");
  REQUIRE(csv.size() == 6);
  for (const auto& row : csv) CHECK(contains(page, fmt::format("{:.3f}<", std::stod(row.at("mae")))));
  std::vector<double> maes;
  for (const auto& row : csv)
    if (row.at("row") == "threshold") maes.push_back(std::stod(row.at("mae")));
  REQUIRE(maes.size() == 2);
  const double mean = (maes[0] + maes[1]) / 2, sd = std::abs(maes[0] - maes[1]) / std::sqrt(2.0);
  CHECK(contains(page, fmt::format("{:.3f} ± {:.3f}<", mean, sd)));
  CHECK(contains(contents(results() + "/results.tex"), fmt::format("{:.3f} $\\pm$ {:.3f}", mean, sd)));
  CHECK(contains(page, "3.724 ± 0.220"));
}

TEST_CASE("report: every figure of the page is a file, as SVG and as PNG") {
  const std::string page = contents(results() + "/report.html");
  std::set<std::string> files = files_in(results() + "/figures");
  std::size_t count = 0;
  const std::string begin = "id=\"figure-";
  for (std::size_t at = 0; (at = page.find(begin, at)) != std::string::npos; at += begin.size()) {
    const std::size_t from = at + begin.size();
    const std::string name = page.substr(from, page.find('"', from) - from);
    CAPTURE(name);
    CHECK(files.erase(name + ".svg") == 1);
    CHECK(files.erase(name + ".png") == 1);
    CHECK(malformed(contents(results() + "/figures/" + name + ".svg")) == "");
    CHECK(Png(contents(results() + "/figures/" + name + ".png")).width() > 500);
    ++count;
  }
  CHECK(files.empty());
  CHECK(count >= 10);
  CHECK(contains(page, "id=\"figure-embeddings-pca\""));
  CHECK(contains(page, "id=\"figure-embeddings-umap\"") == has_umap());
  CHECK(contains(page, has_umap() ? "(UMAP and PCA)" : "(PCA)"));
}

TEST_CASE("report: what is missing says why") {
  const std::string page = contents(results() + "/report.html");
  CHECK(contains(page, "A study does not compute saliency"));
  CHECK(contains(page, "./run_experiment fig4a_distances"));
}

TEST_CASE("report: it shows the picture that the program saliency makes in the study's folder, as the page says") {
  const std::string study = results(), page = contents(study + "/report.html");
  const std::size_t at = page.find("saliency ../trainings/");
  REQUIRE(at != std::string::npos);
  const std::string model = page.substr(at + 9, page.find(' ', at + 9) - at - 9);
  REQUIRE(shell(fmt::format("cp -r {0}/r {0}/with_saliency", workplace().folder)).code == 0);
  const std::string folder = workplace().folder + "/with_saliency/table3";
  const Finished made =
      shell(fmt::format("cd {} && {}/saliency {} {} --method gradient --samples 1 --check-scans 1 "
                        "--subject phantom-00000 phantom-00001 --out saliency 2>&1",
                        folder, binaries(), model, workplace().cohort));
  CAPTURE(made.text);
  REQUIRE(made.code == 0);
  REQUIRE(run_study("--out with_saliency/table3 --collect").code == 0);
  const std::string with = contents(folder + "/report.html");
  CHECK(malformed(with.substr(with.find("<html"))) == "");
  CHECK(contains(with, data_address(contents(folder + "/saliency/mean.png"))));
  CHECK_FALSE(contains(with, "A study does not compute saliency"));
}

TEST_CASE("report: the same study gives the same bytes") {
  const std::string first = results();
  REQUIRE(run_study("--out r/again --collect").code == 0);
  const std::string second = workplace().folder + "/r/again";
  const std::set<std::string> files = files_in(first);
  CHECK(files_in(second) == files);
  CHECK(files.size() > 20);
  for (const std::string& file : files) {
    CAPTURE(file);
    CHECK((contents(first + "/" + file) == contents(second + "/" + file)));
  }
}

TEST_CASE("report: a study without a finished training has a report that says so, and other missing ones are named") {
  results();
  REQUIRE(run_study("--out empty/table3 --collect").code == 0);
  const std::string page = contents(workplace().folder + "/empty/table3/report.html");
  CHECK(malformed(page.substr(page.find("<html"))) == "");
  CHECK(contains(page, "No training of this study is finished"));
  CHECK(contains(page, "4 of 4 trainings are missing"));
  fs::create_directories(workplace().folder + "/part");
  fs::copy(workplace().folder + "/r/trainings", workplace().folder + "/part/trainings", fs::copy_options::recursive);
  std::size_t removed = 0;
  for (const auto& entry : fs::directory_iterator(workplace().folder + "/part/trainings"))
    if (removed++ == 0) fs::remove_all(entry.path());
  REQUIRE(run_study("--out part/table3 --collect").code == 0);
  CHECK(contains(contents(workplace().folder + "/part/table3/report.html"), "1 of 4 trainings are missing"));
}
