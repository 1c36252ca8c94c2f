// SPDX-License-Identifier: Apache-2.0
// Engines from a table, planned for a GPU that need not exist here. Needs the module's libraries, but no GPU.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cstdlib>
#include <fstream>
#include <set>

#include "tensor/backend/engine_sweep.h"
#include "tests/support/cuda.h"
#include "tests/support/program.h"
#include "tests/support/thrown.h"

using namespace cg;
using namespace cg::test;

namespace {

/// Names a table for the backends that are created while it lives.
class NamedTable {
 public:
  explicit NamedTable(const std::string& text) {
    std::ofstream(file()) << text;
    setenv("CORTEXGRAD_ENGINES", file().c_str(), 1);
  }
  explicit NamedTable(const EngineEntry& entry) : NamedTable(table(entry).text()) {}
  ~NamedTable() { unsetenv("CORTEXGRAD_ENGINES"); }
  NamedTable(const NamedTable&) = delete;
  NamedTable& operator=(const NamedTable&) = delete;
  std::string file() const { return folder_.path() + "/engines.txt"; }

 private:
  static EngineTable table(const EngineEntry& entry) {
    EngineTable one;
    one.put(entry);
    return one;
  }
  TestFolder folder_;
};

/// A convolution of the network's first stage.
const Conv3d convolution{{1, 1, 1}, {1, 1, 1}};
const Shape x = {32, 23, 28, 23, 64}, w = {64, 3, 3, 3, 64};

/// The methods of forward, data gradient (which adds) and weight gradient.
std::vector<ConvolutionMethod> methods(const CudaModule& module, const EngineRule& rule = {}) {
  const auto planner = module.make_planner("H200", rule);
  return module.convolution_methods(*planner, convolution, x, w, DType::bf16, 0b11, 0b01);
}

std::vector<EngineEntry> candidates(const CudaModule& module, const ConvolutionProblem& problem) {
  const auto planner = module.make_planner("H200", {});
  return module.make_sweep(*planner, problem)->candidates();
}

bool is_of(const ConvolutionMethod& method, const EngineEntry& entry) {
  return method.engine == entry.engine && method.knobs == entry.knobs;
}

}  // namespace

TEST_CASE("engine candidates: different engines or knobs; the first is the heuristics' choice") {
  const CudaModule* module = module_or_skip();
  if (!module) return;
  for (const ConvolutionMethod& method : methods(*module)) {
    CAPTURE(name_of(method.direction));
    CHECK(method.source == "heuristics");
    REQUIRE(method.problems.size() == 1);
    CHECK(method.problems[0].adds == (method.direction == Direction::data_gradient));
    const auto all = candidates(*module, method.problems[0]);
    REQUIRE(all.size() >= 2);
    CHECK(is_of(method, all[0]));
    std::set<std::pair<int, std::vector<EngineKnob>>> different;
    for (const EngineEntry& entry : all) {
      CHECK(different.emplace(entry.engine, entry.knobs).second);
      CHECK(entry.workspace <= EngineRule{}.workspace_limit);
      CHECK(entry.problem == method.problems[0]);
      CHECK(entry.major == 9);
      CHECK(entry.minor == 0);
      CHECK(entry.card == "NVIDIA H200");
    }
  }
}

TEST_CASE("engines from a table: candidates of every direction are used when a table names them") {
  const CudaModule* module = module_or_skip();
  if (!module) return;
  for (const ConvolutionMethod& chosen : methods(*module)) {
    const auto all = candidates(*module, chosen.problems[0]);
    for (std::size_t k = 0; k < all.size(); k += k < 4 ? 1 : 10) {  // with other engines and knobs
      const EngineEntry& entry = all[k];
      const NamedTable table(entry);
      for (const ConvolutionMethod& method : methods(*module)) {
        CAPTURE(name_of(method.direction));
        CAPTURE(entry.engine);
        CAPTURE(to_string(entry.knobs));
        const bool named = method.direction == chosen.direction;
        CHECK(method.source == (named ? "table" : "heuristics"));
        if (!named) continue;
        CHECK(is_of(method, entry));
        CHECK(method.engine_workspace == entry.workspace);
        CHECK(method.notes.deterministic);
      }
    }
    CHECK(all.back().engine != chosen.engine);
  }
}

TEST_CASE("engines from a table: an entry that cuDNN or the rule refuses leaves the choice to the heuristics") {
  const CudaModule* module = module_or_skip();
  if (!module) return;
  const ConvolutionMethod chosen = methods(*module).at(0);
  const auto all = candidates(*module, chosen.problems[0]);
  const auto check_refused = [&](const EngineEntry& entry, const std::string& why, const EngineRule& rule = {}) {
    const NamedTable table(entry);
    const ConvolutionMethod method = methods(*module, rule).at(0);
    CAPTURE(method.source);
    CHECK(method.source.starts_with("heuristics; table refused: "));
    CHECK(method.source.find(why) != std::string::npos);
    CHECK(is_of(method, all[0]));
  };
  EngineEntry unknown = all[0];
  unknown.engine = 9999;
  check_refused(unknown, "cuDNN has no engine 9999");
  EngineEntry knob = all[0];
  knob.knobs = {{9999, 1}};
  check_refused(knob, "with knobs 9999:1");
  EngineEntry value = all[0];
  for (EngineKnob& each : value.knobs) each.value = 123'456'789;
  check_refused(value, fmt::format("{}", value.engine));
  EngineRule rule;
  rule.denied = {{Direction::forward, all.back().engine}};
  check_refused(all.back(), "is denied", rule);
}

TEST_CASE("engines from a table: an entry for another version, compute capability or problem is not used") {
  const CudaModule* module = module_or_skip();
  if (!module) return;
  const ConvolutionMethod chosen = methods(*module).at(0);
  const EngineEntry second = candidates(*module, chosen.problems[0]).at(1);
  for (int other = 0; other < 3; ++other) {
    EngineEntry entry = second;
    if (other == 0) entry.cudnn += 1;
    if (other == 1) entry.major = 8;
    if (other == 2) entry.problem.x[0] = entry.problem.y[0] = 31;
    const NamedTable table(entry);
    const ConvolutionMethod method = methods(*module).at(0);
    CHECK(method.source == "heuristics");
    CHECK(method.engine == chosen.engine);
  }
}

TEST_CASE("engines from a table: an entry that cuDNN does not propose is a candidate too") {
  const CudaModule* module = module_or_skip();
  if (!module) return;
  const ConvolutionMethod chosen = methods(*module).at(2);
  const auto all = candidates(*module, chosen.problems[0]);
  EngineEntry own = all[0];
  own.knobs.clear();  // cuDNN's defaults
  const NamedTable table(own);
  const auto with_own = candidates(*module, chosen.problems[0]);
  CHECK(is_of(chosen, with_own[0]));
  CHECK(with_own.size() >= all.size());
  CHECK(methods(*module).at(2).source == "table");
}

TEST_CASE("engines from a table: the description of the device names the file; a wrong file is refused") {
  const CudaModule* module = module_or_skip();
  if (!module) return;
  {
    const NamedTable empty("# nothing\n");
    const std::string description = module->make_planner("H200", {})->traits().description;
    CHECK(description.ends_with(", engines of " + empty.file()));
  }
  const NamedTable wrong("# one\nengine=sixty\n");
  check_fails([&] { module->make_planner("H200", {}); }, ErrorKind::usage, {wrong.file() + ":2", "expected"});
  setenv("CORTEXGRAD_ENGINES", "/nowhere/engines.txt", 1);
  check_fails([&] { module->make_planner("H200", {}); }, ErrorKind::usage, {"/nowhere/engines.txt", "cannot be read"});
  unsetenv("CORTEXGRAD_ENGINES");
  CHECK(module->make_planner("H200", {})->traits().description.find("engines") == std::string::npos);
}

TEST_CASE("engine candidates: without a device they are not timed") {
  const CudaModule* module = module_or_skip();
  if (!module) return;
  const ConvolutionProblem problem = methods(*module).at(0).problems[0];
  const auto planner = module->make_planner("H200", {});
  const auto sweep = module->make_sweep(*planner, problem);
  check_fails([&] { sweep->time(0, 1.0); }, ErrorKind::device, {"NVIDIA H200", "is used for planning only"});
}
