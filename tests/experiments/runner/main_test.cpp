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

TEST_CASE("run_experiment: --check finds what the run would refuse, also before the phantom exists") {
  // 311 subjects in five folds: 63 or 62 are tested, so 248 or 249 train, or 124 more or fewer with a validation part.
  const auto checks = [](const std::string& words, int code) {
    const Finished result = run("quickstart --check data.phantom.seed=77 loss.final_neighbours=4 " + words);
    CAPTURE(words);
    CHECK_MESSAGE(result.code == code, result.text);
    CHECK(result.says("the last batch has one subject only") == (code != 0));
  };
  checks("train.batch_size=8", 0);                        // 31 · 8 = 248
  checks("train.batch_size=13", 2);                       // 19 · 13 + 1
  checks("train.batch_size=8 data.fold=1", 2);            // 31 · 8 + 1 = 249
  checks("train.batch_size=13 data.fold=1", 0);           // 19 · 13 + 2
  checks("train.batch_size=111 data.validation=0.1", 2);  // 248 − 25 = 2 · 111 + 1
  checks("train.batch_size=112 data.validation=0.1", 0);
  const Finished few = run("quickstart --check data.phantom.seed=77 data.phantom.subjects=10 data.folds=2");
  CHECK(few.code == 2);
  CHECK_MESSAGE(few.says("the training part has 5 subjects"), few.text);
  const Finished warned = run("quickstart --check data.phantom.seed=77 loss.final_neighbours=32");
  CHECK_MESSAGE(warned.says("warning: "), warned.text);
}

TEST_CASE("run_experiment: --check names the run by its digest, its device, and the phantom that it would create") {
  const Finished one = run("quickstart --check --device reference data.phantom.seed=77 data.phantom.modality=t1");
  CHECK(one.code == 0);
  CHECK(one.says("device      reference\n"));
  CHECK(one.says("SYNTHETIC phantom, T1-like, 311 subjects at 4 mm, seed 77"));
  const auto digest = [](const Finished& of) { return of.text.substr(of.text.find("digest      ") + 12, 10); };
  CHECK(one.says("runs/quickstart-" + digest(one)));
  CHECK(digest(one) != digest(run("quickstart --check")));
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
