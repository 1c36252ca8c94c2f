// SPDX-License-Identifier: Apache-2.0
// The real executable.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <sstream>

#include "data/formats/hdf5_file.h"
#include "experiments/teaching/loss_example.h"
#include "experiments/teaching/loss_page.h"
#include "losses/dynlocrep.h"
#include "losses/registry.h"
#include "tests/data/formats/raw_h5.h"
#include "tests/losses/checks.h"
#include "tests/support/golden_reader.h"
#include "tests/support/shell.h"
#include "tests/support/well_formed.h"

using namespace cg;
using namespace cg::test;

namespace {

Finished run(const std::string& arguments) {
  return shell(fmt::format("'{}/explain_loss' {} 2>&1", CG_TEST_BINARIES, arguments));
}

std::string contents(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// All matches of a pattern's group, as numbers.
std::vector<double> found(const std::string& text, const std::string& pattern, std::size_t group = 1) {
  const std::regex regex(pattern);
  std::vector<double> out;
  for (std::sregex_iterator at(text.begin(), text.end(), regex); at != std::sregex_iterator(); ++at)
    out.push_back(std::stod((*at)[group]));
  return out;
}

/// The number of the only match of a pattern.
double the_number(const std::string& text, const std::string& pattern) {
  const std::vector<double> all = found(text, pattern);
  CAPTURE(text);
  REQUIRE_MESSAGE(all.size() == 1, "matches of " << pattern << ": " << all.size());
  return all[0];
}

/// Each anchor's attraction and repulsion add up to its row, and the rows to the value, as far as digits are printed.
void check_sums(const std::string& text, std::size_t anchors) {
  const std::string row = R"(attraction (\S+) \+ repulsion (\S+) = (\S+)   \(evaluated: (\S+)\))";
  const auto attraction = found(text, row, 1), repulsion = found(text, row, 2), sum = found(text, row, 3),
             evaluated = found(text, row, 4);
  REQUIRE(evaluated.size() == anchors);
  double value = 0, largest = 0;
  for (std::size_t i = 0; i < anchors; ++i) {
    // Four decimals, or three digits of large and of small numbers; the terms may cancel.
    const double digits = 2e-4 + 0.01 * std::max(std::abs(attraction[i]), std::abs(repulsion[i]));
    CHECK(std::abs(attraction[i] + repulsion[i] - sum[i]) < digits);
    CHECK(std::abs(sum[i] - evaluated[i]) < digits);
    value += evaluated[i];
    largest = std::max(largest, std::abs(evaluated[i]));
  }
  CHECK(std::abs(value - the_number(text, R"(value  (\S+):)")) < 5e-4 + 0.01 * largest);
}

}  // namespace

TEST_CASE("explain_loss: each anchor's row is attraction plus repulsion, and the rows add up to the value") {
  const Finished result = run("--loss dynlocrep --ages 20,21,25,70,71 --epoch 12 --formulation printed");
  CAPTURE(result.text);
  REQUIRE(result.code == 0);
  CHECK(result.says("the printed formula"));
  CHECK(result.says("NN(i) holds 4 rows"));  // Algorithm 1 from 5 to 2 in 50 epochs: 4 at epoch 12
  check_sums(result.text, 5);
  CHECK(the_number(result.text, R"(differ by at most (\S+) of)") < 1e-12);
  const auto other = [](const std::string& options) { return run("--ages 20,21,25,70,71 --epoch 12 " + options).text; };
  CHECK(other("--max-epochs 12").find("NN(i) holds 2 rows") != std::string::npos);
  for (const char* options :
       {"--seed 1", "--spread 0.5", "--width 3", "--views 2", "far_decay=0.5", "--formulation printed"}) {
    CAPTURE(options);
    CHECK(other(options) != other(""));
  }
}

TEST_CASE("explain_loss: all losses and formulations are explained in 118 columns, with sums that match") {
  // The pull of threshold as printed is above 10^130.
  AllLosses::for_each([]<LossType L>() {
    for (const Formulation f : {Formulation::printed, Formulation::published}) {
      const bool published = f == Formulation::published;
      const Finished result = run(fmt::format("--loss {} --formulation {} --ages 20,21,25,70,71", L::name,
                                              published ? "published" : "printed"));
      CAPTURE(result.text);
      REQUIRE(result.code == 0);
      CHECK(the_number(result.text, R"(differ by at most (\S+) of)") < 1e-9);
      CHECK_FALSE(result.says("nan"));
      CHECK_FALSE(result.says("warning"));  // of parts that do not add up to the value, to nine digits
      check_sums(result.text, 5 * static_cast<std::size_t>(loss_info(L::name).least_views));
      std::istringstream lines(result.text);
      for (std::string line; std::getline(lines, line);) {
        CAPTURE(line);
        const auto columns = std::count_if(line.begin(), line.end(), [](char c) { return (c & 0xC0) != 0x80; });
        if (line.find('=') == std::string::npos) CHECK(columns <= 118);  // a formula and a sum have no columns
      }
      CHECK(result.says("kernel") == Weighs<L>);
      CHECK(result.says(" ν ") == Selects<L>);
      CHECK(result.says(" c ") == (Counts<L> && published));
      CHECK(result.says(", m = ") == (published && Shifts<L>));
      CHECK(result.says("of the queue") == std::same_as<L, Nnclr>);
      for (const std::string& key : L::formula(f).options) CHECK(result.says(key + " "));
      CHECK(result.says("bin_width 10") == std::same_as<L, SupCon>);
    }
  });
}

TEST_CASE("explain_loss: ages may be separated by commas or by spaces") {
  const Finished commas = run("--ages 20,21,25 sigma=3");
  REQUIRE(commas.code == 0);
  CHECK(run("--ages 20 21 25 sigma=3").text == commas.text);
  CHECK(run("sigma=3 --ages 20 21 25").text == commas.text);
}

TEST_CASE("explain_loss: embeddings and ages are read from a file, also from that of a run") {
  const TemporaryFile file("embeddings.h5");
  H5Writer out(file.path);
  std::vector<double> z;
  for (int k = 0; k < 80; ++k) z.push_back(std::sin(1.3 * k));
  out.numbers("seed0/epoch9/projected", {20, 4}, z);
  std::vector<double> ages;
  for (int k = 0; k < 20; ++k) ages.push_back(20 + 3 * k);
  out.numbers("age", {20}, ages);
  out.commit();
  const std::string command = fmt::format("--embeddings {} --dataset seed0/epoch9/projected ", file.path);
  const Finished result = run(command + "--rows 6 final_neighbours=3");
  CAPTURE(result.text);
  REQUIRE(result.code == 0);
  CHECK(result.says("anchor 5, 35 years"));
  CHECK(result.says("6 rows, 1 view of 6 subjects"));
  CHECK(run(command + "--ages 1,2,3").code == 3);
  CHECK(run(fmt::format("--embeddings {}", file.path)).code == 3);
}

TEST_CASE("explain_loss: cases get their values, and a case that cannot be evaluated gives exit code 3") {
  const TemporaryFile answers("answers.h5"), bad("bad.h5");
  const Finished result = run(fmt::format("--cases {}/losses.h5 --out {}", golden_folder(), answers.path));
  CAPTURE(result.text);
  REQUIRE(result.code == 0);
  CHECK(the_number(result.text, R"(largest difference is (\S+) of the largest)") < 1e-10);
  CHECK(H5Reader(answers.path).members() == H5Reader(golden_folder() + "/losses.h5").members());
  H5Writer out(bad.path);
  out.numbers("a/embeddings", {2, 2}, std::vector<double>{1, 0, 0, 1});
  out.numbers("a/ages", {2}, std::vector<double>{20, 30});
  out.attribute("loss", "y_aware", "a");
  out.attribute("options", R"({"formulation": "printed"})", "a");
  out.attribute("views", 1, "a");
  out.commit();
  const Finished refused = run(fmt::format("--cases {} --out {} --overwrite", bad.path, answers.path));
  CHECK(refused.code == 3);
  CHECK(refused.says("row(s) leave no row to repel"));
}

TEST_CASE("explain_loss: the page is one file of moderate size that needs no other file") {
  const TemporaryFile page("page.html");
  const Finished result = run("--html " + page.path);
  REQUIRE_MESSAGE(result.code == 0, result.text);
  const std::string html = contents(page.path);
  CHECK(html.size() > 100'000);
  CHECK(html.size() < 8'000'000);
  for (const char* outside : {"http://", "https://", "src=", "@DATA@", "@SCRIPT@", "@STYLE@", "import("})
    CHECK_MESSAGE(html.find(outside) == std::string::npos, outside);
  // Without scripts and style, which are not XML, it is well-formed.
  CHECK(malformed(std::regex_replace(html.substr(0, html.find("<script")), std::regex("<style>[^<]*</style>"), "") +
                  "</body></html>") == "");
}

TEST_CASE("explain_loss: the command in losses.md prints what the page shows when it is opened") {
  const PageGrid grid;
  std::string ages;
  for (const double age : grid.subject_ages) ages += fmt::format("{}{:g}", ages.empty() ? "" : ",", age);
  const std::string options = fmt::format("--loss dynlocrep --ages {} --views {} --spread {:g} --seed {}", ages,
                                          grid.views, grid.spread, grid.seed);
  CHECK_MESSAGE(contents(CG_TEST_SOURCE "/docs/losses.md").find("explain_loss " + options + " ") != std::string::npos,
                options);
  const Finished printed = run(fmt::format("{} distance=euclidean final_neighbours={} temperature={:g}", options,
                                           grid.final_neighbours, 0.1 * grid.temperatures.back()));
  LossOptions chosen{.name = "dynlocrep",
                     .shared = {.temperature = 0.1 * grid.temperatures.back(), .distance = Distance::euclidean}};
  chosen.own.of<DynLocRep>().final_neighbours = grid.final_neighbours;
  const LossCase c = make_example(chosen, grid.subject_ages, grid.arrangement(2));
  const double value = make_loss(c.options)->evaluate(c.input()).value;
  CHECK(the_number(printed.text, R"(value  (\S+):)") == doctest::Approx(value).epsilon(1e-4));
}

TEST_CASE("explain_loss: problems are reported with the exit code of their kind") {
  const auto refused = [](const std::string& arguments, int code, const std::string& word) {
    const Finished result = run(arguments);
    CAPTURE(result.text);
    CHECK(result.code == code);
    CHECK(result.says(word));
  };
  refused("", 2, "--ages");
  refused("--loss focal --ages 20,30", 2, "dynlocrep");
  refused("--ages 20,30 sigm=3", 2, "did you mean \"sigma\"?");
  refused("--ages 20,30 sigma=-1", 2, "sigma");
  refused("--ages 20 --loss simclr", 2, "leave no row to repel");
  refused("--embeddings /nowhere.h5", 3, "/nowhere.h5");
  refused("--cases /nowhere.h5", 2, "--out");
  refused("--html /nowhere/page.html", 8, "/nowhere");
}
