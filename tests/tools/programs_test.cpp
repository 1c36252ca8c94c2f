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

TEST_CASE("every program: --version names the version, the commit, the compiler and the CUDA backend") {
  const TestFolder folder;
  for (const std::string& program : programs()) {
    CAPTURE(program);
    const Finished done = run_program(folder.path(), program, "--version");
    CHECK(done.code == 0);
    for (const char* words :
         {"cortexgrad ", "\nbuilt from commit ", ", sources ", "\ncompiled by ", "\nCUDA backend: "})
      CHECK_MESSAGE(done.says(words), done.text);
  }
}

TEST_CASE("every program: an unknown option is named, with the nearest known one") {
  const TestFolder folder;
  for (const std::string& program : programs()) {
    const Finished done = run_program(folder.path(), program, "--hepl");
    CAPTURE(program);
    CHECK(done.code == 2);
    const bool commands = program == "benchmark";  // its first word is a command
    CHECK_MESSAGE(
        (commands || done.says("unknown option \"--hepl\"; did you mean \"--help\"?") || done.says(" is missing. ")),
        done.text);
  }
}

TEST_CASE("a wrong command line says what was found, what is expected and what was probably meant") {
  const TestFolder folder;
  const auto says = [&](const std::string& command, const std::string& words) {
    const auto space = command.find(' ');
    const Finished done =
        run_program(folder.path(), command.substr(0, space), space == std::string::npos ? "" : command.substr(space));
    CAPTURE(command);
    CHECK(done.code == 2);
    CHECK_MESSAGE(done.text == "error: command line: " + words + " Run the program with --help to see the options.\n",
                  done.text);
  };
  says("run_experiment quickstart --chekc", R"(unknown option "--chekc"; did you mean "--check"?)");
  says("run_experiment quickstart --zzz", R"(unknown option "--zzz".)");
  says("run_experiment --out", "--out: expected one value.");
  says("run_experiment --device cqu",
       R"(--device = cqu: expected one of auto, cpu, cuda, reference; did you mean "cpu"?)");
  says("predict", "MODEL is missing.");
  says("predict m s --age old", "--age = old: expected a number, 0 to 130.");
  says("show_cohort a b", R"(unexpected argument "b".)");
  says("make_phantom_cohort --seed z --out x", "--seed = z: expected an integer, at least 0.");
  says("make_phantom_cohort --threads -1 --out x", "--threads = -1: expected an integer, 0 to 1024.");
  says("import_cohort x --layout bidz",
       R"(--layout = bidz: expected one of bids, openbhb, openbhb-2mm; did you mean "bids"?)");
  says("benchmark stepp", R"(a command is missing: expected one of step, epoch, losses; did you mean "step"?)");
  says("benchmark step --size 1 2", "--size: expected 3 values.");
  says("benchmark step --bach 3", R"(unknown option "--bach"; did you mean "--batch"?)");
}

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
