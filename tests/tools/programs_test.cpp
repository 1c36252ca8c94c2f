// SPDX-License-Identifier: Apache-2.0
// What is alike in all programs of tools/: their help, and their answer to a wrong command line.
#include <doctest/doctest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "tests/support/program.h"

using namespace cg::test;
namespace fs = std::filesystem;

namespace {

/// The names of all programs that read a command line.
std::vector<std::string> programs() {
  std::vector<std::string> out = {"run_experiment"};
  for (const auto& entry : fs::directory_iterator(CG_TEST_SOURCE "/tools"))
    if (entry.path().extension() == ".cpp" && entry.path().stem() != "engine_example")
      out.push_back(entry.path().stem());
  return out;
}

}  // namespace

TEST_CASE(
    "every program: --help ends with 0 and names the program; a wrong command line is one error and ends with 2") {
  const TestFolder folder;
  for (const std::string& program : programs()) {
    CAPTURE(program);
    const Finished help = run_program(folder.path(), program, "--help"),
                   wrong = run_program(folder.path(), program, "--bogus");
    CHECK(help.code == 0);
    CHECK(help.says("Usage: " + program));
    CHECK(help.says("\nExit codes:\n  0 done   1 a fault of the program itself   2 usage, configuration"));
    CHECK(wrong.code == 2);
    CHECK(wrong.text.starts_with("error: command line: "));
    CHECK(wrong.text.ends_with("Run the program with --help to see the options.\n"));
  }
  CHECK(programs().size() > 10);
  CHECK(fs::is_empty(folder.path()));
}
