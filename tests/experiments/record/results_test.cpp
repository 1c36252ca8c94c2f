// SPDX-License-Identifier: Apache-2.0
// Results that can be told apart: the picture and the last lines of a run, as a user sees them.
#include "experiments/record/results.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cmath>
#include <set>

#include "losses/registry.h"
#include "tests/experiments/runner/tiny_run.h"

using namespace cg;
using namespace cg::test;

namespace {

/// The last lines of a run, from "test MAE" on.
std::string result_of(const Result& result) {
  const auto at = result.text.find("\ntest MAE ");
  REQUIRE_MESSAGE(at != std::string::npos, result.text);
  const std::string text = result.text.substr(at);
  return text.substr(0, text.find("error: "));
}

const std::string two_seeds = "seeds=0,1 train.epochs=2 --device cpu";

const Result& first_run() {
  static const Result result = run_tiny("first", two_seeds);
  REQUIRE_MESSAGE(result.code == 0, result.text);
  return result;
}

/// "MAE 3.000 ± 1.000" of two values: their mean, and their sample SD.
std::string of_two(const char* words, double a, double b) {
  return fmt::format("{} {:.3f} ± {:.3f}", words, (a + b) / 2, std::abs(a - b) / std::sqrt(2.0));
}

}  // namespace

TEST_CASE("results: the last line has the mean and the SD over all seeds of every measure, and says so") {
  const std::string text = result_of(first_run());
  const auto seeds = summary("first")["seeds"];
  REQUIRE(seeds.size() == 2);
  const std::pair<const char*, const char*> measures[] = {{"mae", "MAE"}, {"r", "r"}, {"r2", "R²"}, {"rmse", "RMSE"}};
  for (const auto& [key, words] : measures) {
    const std::string expected = of_two(words, seeds[0][key], seeds[1][key]);
    CAPTURE(expected);
    CHECK_MESSAGE(text.find(expected) != text.npos, text);
  }
  CHECK(seeds[0]["rmse"] != seeds[1]["rmse"]);
  CHECK(text.find("(mean ± SD over 2 seeds)") != text.npos);
  CHECK(text.find("SYNTHETIC PHANTOM") != text.npos);
}

TEST_CASE("results: of one seed, the last line has no SD and names the seed") {
  const Result result = run_tiny("one", "seeds=7 train.epochs=2 --device cpu");
  const std::string text = result_of(result);
  const auto test = summary("one")["seeds"][0];
  CHECK_MESSAGE(text.find(fmt::format("MAE {:.3f} years, r {:.3f}, R² {:.3f}, RMSE {:.3f} years (seed 7)",
                                      test["mae"].get<double>(), test["r"].get<double>(), test["r2"].get<double>(),
                                      test["rmse"].get<double>())) != text.npos,
                text);
  CHECK(text.find("±") == text.npos);
}

TEST_CASE("results: a finished run that is started again prints the same last lines, and ends with 9") {
  const std::string before = result_of(first_run());
  const Result again = run_tiny("first", two_seeds);
  check_fails(again, 9, {"this run is finished", "--overwrite"});
  CHECK(result_of(again) == before);
  CHECK(again.text.find("parameters") == std::string::npos);  // without opening the cohort
}

TEST_CASE("results: the summary of an earlier version is printed too, and a damaged one does no harm") {
  const std::string path = workplace().folder + "/first/summary.json", good = (first_run(), contents(path));
  auto old = nlohmann::json::parse(good);
  for (const char* key : {"cohort", "stages", "loss", "experiment"}) REQUIRE(old.erase(key) == 1);
  std::ofstream(path) << old.dump();
  const Result again = run_tiny("first", two_seeds);
  check_fails(again, 9, {"this run is finished"});
  CHECK(result_of(again).find("(mean ± SD over 2 seeds)") != std::string::npos);
  for (const char* damaged : {"", "{", "[]", "3", R"({"seeds": 3, "test": []})", R"({"seeds": [3]})"}) {
    CAPTURE(damaged);
    std::ofstream(path) << damaged;
    check_fails(run_tiny("first", two_seeds), 9, {"this run is finished"});
  }
  std::ofstream(path) << good;
}

TEST_CASE("results: the pictures of all losses differ in their titles, and name what was changed") {
  std::set<std::string> titles;
  for (const std::string& name : loss_names()) {
    CAPTURE(name);
    const Result result = run_tiny("loss-" + name, "seeds=0 train.epochs=2 loss.sigma=3 loss.name=" + name);
    REQUIRE_MESSAGE(result.code == 0, result.text);
    const std::string svg = bytes("loss-" + name + "/predictions.svg");
    const auto at = svg.find("font-size='18'>");
    const std::string title = svg.substr(at, svg.find("</text>", at) - at);
    titles.insert(title.substr(0, title.find(':')));
    for (const std::string& words :
         {loss_info(name).title + ": test MAE ", std::string("dynlocrep, seed 0: 5 test subjects, trained on 19"),
          std::string("cohort synthetic-phantom.h5<"), std::string("24 subjects, digest "),
          std::string("loss.sigma = 3"), std::string("SYNTHETIC PHANTOM")})
      CHECK_MESSAGE(svg.find(words) != svg.npos, words);
    CHECK(svg.find(workplace().folder) == svg.npos);  // no path of this machine
  }
  CHECK(titles.size() == loss_names().size());
}
