// SPDX-License-Identifier: Apache-2.0
// The real program without a GPU: the candidates for one that does not exist here; what it refuses.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "tensor/backend/engine_sweep.h"
#include "tests/support/cuda.h"
#include "tests/support/program.h"
#include "tests/support/shell.h"

using namespace cg;
using namespace cg::test;
using Json = nlohmann::json;

namespace {

Finished run(const TestFolder& folder, const std::string& arguments, const std::string& environment = "") {
  return run_program(folder.path(), "sweep_engines", arguments, "LC_ALL=C " + environment);
}

std::vector<Json> lines_of(const Finished& done) {
  std::vector<Json> lines;
  std::istringstream text(done.text);
  for (std::string line; std::getline(text, line);)
    if (line.starts_with('{')) lines.push_back(Json::parse(line));
  return lines;
}

}  // namespace

TEST_CASE("sweep_engines: --list prints the candidates of all convolutions, the most expensive problems first") {
  if (!module_or_skip()) return;
  const TestFolder folder;
  const Finished listed = run(folder, "--device H200 --list");
  CAPTURE(listed.text);
  REQUIRE(listed.code == 0);
  const auto lines = lines_of(listed);
  std::set<std::string> problems, candidates, directions;
  std::map<std::string, double> costs;
  double previous = 1e30;
  long uses = 0;
  int adds = 0;
  for (const Json& line : lines) {
    CHECK(line.at("type") == "bfloat16");
    const std::string direction = line.at("direction");
    const std::string problem =
        fmt::format("{} {} {}", line.at("problem").get<std::string>(), direction, line.at("adds").get<bool>());
    CHECK(
        candidates
            .insert(fmt::format("{} {} {}", problem, line.at("engine").get<int>(), line.at("knobs").get<std::string>()))
            .second);
    CHECK_FALSE(line.contains("ms"));
    directions.insert(direction);
    if (!problems.insert(problem).second) continue;
    uses += line.at("uses").get<long>();
    adds += line.at("adds").get<bool>();
    const double cost = line.at("uses").get<double>() * line.at("gflop").get<double>();
    CHECK(cost <= previous);
    previous = cost;
  }
  CHECK(directions == std::set<std::string>{"forward", "data gradient", "weight gradient"});
  CHECK(uses == 3 * 20 - 1);  // all directions of 20 convolutions; the stem has no gradient of its input
  CHECK(adds == 7);           // the blocks' first convolutions in four stages, the shortcuts' in three
  CHECK(candidates.size() > 2 * problems.size());
}

TEST_CASE("sweep_engines: a configuration and its settings change the problems") {
  if (!module_or_skip()) return;
  const TestFolder folder;
  const auto first = [&](const std::string& arguments) {
    const Finished listed = run(folder, arguments + " --device H100 --list");
    CAPTURE(listed.text);
    REQUIRE(listed.code == 0);
    return lines_of(listed).at(0);
  };
  CHECK(first("quickstart train.batch_size=16").at("problem").get<std::string>().starts_with("x=16x"));
  CHECK(first("train.batch_size=16").at("problem").get<std::string>().starts_with("x=16x"));
  CHECK(first("quickstart model.precision=float32").at("type") == "float32");
}

TEST_CASE("sweep_engines: without a device it ends with 7 and writes nothing") {
  if (has_cuda_driver()) return;
  const TestFolder folder;
  const Finished done = run(folder, "quickstart --table engines.txt");
  CAPTURE(done.text);
  CHECK(done.code == 7);
  CHECK(done.says("--device cuda"));
  CHECK_FALSE(std::ifstream(folder.path() + "/engines.txt").good());
  CHECK(run(folder, "quickstart --device cpu").code == 7);
}

TEST_CASE("sweep_engines: what cannot be done is refused") {
  const TestFolder folder;
  const Finished only_plan = run(folder, "quickstart --device H200 --table engines.txt");
  CHECK(only_plan.code == 2);
  CHECK_MESSAGE(only_plan.says("Add --list"), only_plan.text);
  const Finished both = run(folder, "quickstart --device H200 --list --table engines.txt");
  CHECK(both.code == 2);
  CHECK_MESSAGE(both.says("Remove --table or --list"), both.text);
  std::ofstream(folder.path() + "/engines.txt") << "mine";
  const Finished exists = run(folder, "quickstart --table engines.txt");
  CHECK(exists.code == 9);
  CHECK_MESSAGE(exists.says("engines.txt: the file exists"), exists.text);
  CHECK(folder.read("engines.txt") == "mine");
  CHECK(run(folder, "--seconds 0").code == 2);
}

TEST_CASE("profile_memory --plans: the source of an engine is shown, from a table that a variable names") {
  if (!module_or_skip()) return;
  const TestFolder folder;
  const std::string step = "quickstart model.precision=bfloat16 --device H200 --plans --overwrite --json plans.json";
  const auto plans = [&](const std::string& environment) {
    const Finished done = run_program(folder.path(), "profile_memory", step, "LC_ALL=C " + environment);
    CAPTURE(done.text);
    REQUIRE(done.code == 0);
    CHECK(done.says("source"));
    std::map<std::string, std::vector<Json>> by_source;
    const Json written = Json::parse(folder.read("plans.json"));
    for (const Json& plan : written.at("convolution_plans")) {
      CHECK(done.says(plan.at("source").get<std::string>()));
      by_source[plan.at("source")].push_back(plan);
    }
    return by_source;
  };
  const auto before = plans("");
  REQUIRE(before.size() == 1);
  REQUIRE(before.begin()->first == "heuristics");
  std::string why;
  const CudaModule& module = *cuda_module(why);
  const auto planner = module.make_planner("H200", {});
  const Conv3d convolution{{1, 1, 1}, {1, 1, 1}};
  const auto method =
      module.convolution_methods(*planner, convolution, {32, 12, 14, 12, 64}, {64, 3, 3, 3, 64}, DType::bf16, 0, 0);
  const auto sweep = module.make_sweep(*planner, method.at(0).problems.at(0));
  const auto other = std::find_if(sweep->candidates().begin(), sweep->candidates().end(),
                                  [&](const EngineEntry& entry) { return entry.engine != method.at(0).engine; });
  REQUIRE(other != sweep->candidates().end());
  EngineTable table;
  table.put(*other);
  std::ofstream(folder.path() + "/mine.txt") << table.text();
  const auto after = plans("CORTEXGRAD_ENGINES=mine.txt");
  CHECK(after.at("heuristics").size() + after.at("table").size() == before.at("heuristics").size());
  for (const Json& plan : after.at("table")) {
    CHECK(plan.at("direction") == "forward");
    CHECK(plan.at("engine") == other->engine);
  }
  const Finished wrong = run_program(folder.path(), "profile_memory", step, "LC_ALL=C CORTEXGRAD_ENGINES=none.txt");
  CHECK(wrong.code == 2);
  CHECK_MESSAGE(wrong.says("none.txt: the table of engines cannot be read"), wrong.text);
}
