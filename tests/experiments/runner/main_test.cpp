// SPDX-License-Identifier: Apache-2.0
// The real executable: exit codes and what it prints.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "experiments/config/config.h"
#include "tensor/backend.h"
#include "tests/support/program.h"

using namespace cg::test;

namespace {

/// A folder of this program's own, empty at first.
const TestFolder& folder() {
  static const TestFolder made;
  return made;
}

Finished run(const std::string& arguments) { return run_program(folder().path(), "run_experiment", arguments); }

}  // namespace

TEST_CASE("run_experiment: help, version and manual end with 0") {
  const Finished help = run("--help");
  CHECK(help.code == 0);
  for (const char* word : {"Exit codes:", "--check", "--device", "--out", "--overwrite", "--help-config", "75"})
    CHECK(help.says(word));
  CHECK(run("--version").code == 0);
  CHECK(run("--version").says("cortexgrad "));
  CHECK(run("--version").says("CUDA backend: " + cg::cuda_description()));
  const Finished manual = run("--help-config");
  CHECK(manual.code == 0);
  CHECK(manual.says(cg::config_manual()));
}

TEST_CASE("run_experiment: a wrong command line ends with 2") {
  for (const char* arguments : {"--bogus", "quickstart --bogus", "quickstart --device gpu", "quickstart --out", "",
                                "quikstart", "/nowhere/f.toml", "/tmp", "quickstart train.epochs",
                                "quickstart train.epoch=3", "quickstart train.epochs=0 --check"}) {
    CAPTURE(arguments);
    const Finished result = run(arguments);
    CHECK(result.code == 2);
    CHECK(result.text.starts_with("error: "));
  }
}

TEST_CASE("run_experiment: --check prints what a run would do, works from any folder, and writes nothing") {
  const Finished result = run("quickstart train.epochs=7 --check");
  CHECK(result.code == 0);
  CHECK(result.says("1 seed of 7 epochs"));
  CHECK(result.says("runs/quickstart-"));
  CHECK(std::filesystem::is_empty(folder().path()));
  CHECK(run("quickstart --check --out elsewhere").says("results     elsewhere"));
}

TEST_CASE("run_experiment: each error of a configuration is on its own line, without control bytes") {
  const std::string name = folder().path() + "/wrong.toml";
  std::ofstream(name) << "seeds = 'x'\n[train]\nepoch = 3\n\"\\u001b[2J\" = 1\n";
  const Finished result = run(fmt::format("{} data.fold=9", name));
  CHECK(result.code == 2);
  CHECK(result.text == fmt::format("error: {0}:1:9: seeds: expected a list of integers, found the text \"x\"\n"
                                   "error: {0}:3:1: unknown key \"epoch\" in [train]; did you mean \"epochs\"?\n"
                                   "error: {0}:4:1: unknown key \"?[2J\" in [train]\n"
                                   "error: command line: data.fold = 9: expected 0 to 4, because data.folds = 5 and "
                                   "counting starts at 0\n",
                                   name));
}
