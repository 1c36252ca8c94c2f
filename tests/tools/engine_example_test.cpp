// SPDX-License-Identifier: Apache-2.0
// docs/engine.md shows the compiled program and its output.
#include <doctest/doctest.h>

#include <fstream>
#include <sstream>

#include "experiments/program/environment.h"
#include "tests/support/shell.h"

namespace {

std::string text_of(const std::filesystem::path& path) {
  std::ifstream in(path);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

/// The loss after each "step" in the output.
std::vector<double> losses_in(const std::string& output) {
  std::vector<double> out;
  std::istringstream lines(output);
  for (std::string line; std::getline(lines, line);)
    if (const auto at = line.find("  loss "); line.starts_with("step ") && at != std::string::npos)
      out.push_back(std::stod(line.substr(at + 7)));
  return out;
}

}  // namespace

TEST_CASE("engine example: the page shows the compiled program") {
  const std::string page = text_of(cg::source_root() / "docs/engine.md");
  std::string program = text_of(cg::source_root() / "tools/engine_example.cpp");
  program = program.substr(program.find("#include"));
  CHECK(page.find("```cpp\n" + program + "```") != std::string::npos);
}

TEST_CASE("engine example: the network learns, as the page shows") {
  const auto result = cg::test::shell(std::string(CG_TEST_BINARIES) + "/engine_example");
  CHECK(result.code == 0);
  const std::vector<double> losses = losses_in(result.text);
  REQUIRE(losses.size() == 5);
  CHECK(losses.front() > 0.1);
  CHECK(losses.back() < 0.01 * losses.front());
  // The numbers of the page are from one machine; on others, float32 sums differ in their last digits.
  const std::string page = text_of(cg::source_root() / "docs/engine.md");
  const std::vector<double> shown = losses_in(page);
  REQUIRE(shown.size() == 5);
  CHECK(shown.front() == doctest::Approx(losses.front()).epsilon(1e-3));
}
