// The real executable: exit codes and what it prints.
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <stdlib.h>
#include <sys/wait.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>

#include "experiments/runner/config.h"
#include "tensor/backend.h"

namespace {

struct Result {
  int code = -1;
  std::string text;  ///< of both standard streams
};

/// A folder of this program's own, empty at first.
const std::string& folder() {
  static const std::string path = [] {
    char name[] = "/tmp/cortexgrad-main-XXXXXX";
    return std::string(mkdtemp(name));
  }();
  return path;
}

/// Runs run_experiment through the shell, from that folder.
Result run(const std::string& arguments) {
  FILE* pipe =
      popen(fmt::format("cd {} && '{}/run_experiment' {} 2>&1", folder(), CG_TEST_BINARIES, arguments).c_str(), "r");
  REQUIRE(pipe);
  Result result;
  char block[4096];
  for (std::size_t n; (n = fread(block, 1, sizeof block, pipe)) > 0;) result.text.append(block, n);
  const int status = pclose(pipe);
  result.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return result;
}

bool contains(const Result& result, const std::string& text) { return result.text.find(text) != std::string::npos; }

}  // namespace

TEST_CASE("run_experiment: help, version and manual end with 0") {
  const Result help = run("--help");
  CHECK(help.code == 0);
  for (const char* word : {"Exit codes:", "--check", "--device", "--out", "--overwrite", "--help-config", "75"})
    CHECK(contains(help, word));
  CHECK(run("--version").code == 0);
  CHECK(contains(run("--version"), "cortexgrad "));
  CHECK(contains(run("--version"), "CUDA backend: " + cg::cuda_description()));
  const Result manual = run("--help-config");
  CHECK(manual.code == 0);
  CHECK(contains(manual, cg::config_manual()));
}

TEST_CASE("run_experiment: a wrong command line ends with 2") {
  for (const char* arguments : {"--bogus", "quickstart --bogus", "quickstart --device gpu", "quickstart --out", "",
                                "quikstart", "/nowhere/f.toml", "/tmp", "quickstart train.epochs",
                                "quickstart train.epoch=3", "quickstart train.epochs=0 --check"}) {
    CAPTURE(arguments);
    const Result result = run(arguments);
    CHECK(result.code == 2);
    CHECK(result.text.starts_with("error: "));
  }
}

TEST_CASE("run_experiment: --check says what would be done, from any folder, and writes nothing") {
  const Result result = run("quickstart train.epochs=7 --check");
  CHECK(result.code == 0);
  CHECK(contains(result, "1 seed of 7 epochs"));
  CHECK(contains(result, "runs/quickstart-"));
  CHECK(std::filesystem::is_empty(folder()));
  CHECK(contains(run("quickstart --check --out elsewhere"), "results     elsewhere"));
}

TEST_CASE("run_experiment: every error of a configuration on a line of its own, without control bytes") {
  const std::string name = folder() + "/wrong.toml";
  std::ofstream(name) << "seeds = 'x'\n[train]\nepoch = 3\n\"\\u001b[2J\" = 1\n";
  const Result result = run(fmt::format("{} data.fold=9", name));
  CHECK(result.code == 2);
  CHECK(result.text == fmt::format("error: {0}:1:9: seeds: expected a list of integers, found the text \"x\"\n"
                                   "error: {0}:3:1: unknown key \"epoch\" in [train]; did you mean \"epochs\"?\n"
                                   "error: {0}:4:1: unknown key \"?[2J\" in [train]\n"
                                   "error: command line: data.fold = 9: expected 0 to 4, as data.folds is 5 and "
                                   "counting starts at 0\n",
                                   name));
  std::filesystem::remove_all(folder());
}
