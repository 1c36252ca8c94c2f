// SPDX-License-Identifier: Apache-2.0
// Programs whose standard streams are closed, or whose output cannot be written, as a shell or cron starts them.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/experiments/runner/tiny_run.h"
#include "tests/support/program.h"

using namespace cg;
using namespace cg::test;
namespace fs = std::filesystem;

namespace {

/// The exit code of a command in the workplace, with redirections.
int code_of(const std::string& program, const std::string& arguments) {
  return shell(fmt::format("cd {} && '{}/{}' {}", workplace().folder, binaries(), program, arguments)).code;
}

const char* const run_options =
    "dynlocrep seeds=0 train.epochs=2 train.batch_size=8 loss.final_neighbours=4 model.width=2 model.embedding=4 "
    "threads=1 --device cpu data.cohort=synthetic-phantom.h5";

bool holds(const std::string& file, const std::string& words) {
  return contents(workplace().folder + "/" + file).find(words) != std::string::npos;
}

}  // namespace

TEST_CASE("closed streams: files that a program opens do not take their place") {
  REQUIRE(code_of("run_experiment", fmt::format("{} --out open >log 2>&1", run_options)) == 0);
  int k = 0;
  for (const char* how : {">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-"}) {
    CAPTURE(how);
    const std::string run = fmt::format("closed{}", k), page = fmt::format("page{}.html", k++);
    CHECK(code_of("run_experiment", fmt::format("{} --out {} {}", run_options, run, how)) == 0);
    CHECK(metrics(run) == metrics("open"));
    CHECK(bytes(run + "/config.resolved.toml").starts_with("#"));
    CHECK(bytes(run + "/model.h5") == bytes("open/model.h5"));
    CHECK(code_of("show_cohort", fmt::format("synthetic-phantom.h5 --out {} {}", page, how)) == 0);
    CHECK(bytes(page).starts_with("<!"));
  }
}

TEST_CASE("full output: a result that is only printed ends with 8, a run continues, also if its reader ends") {
  for (const char* printed : {"run_experiment --help", "run_experiment --help-config", "run_experiment --version",
                              "explain_loss --ages 20,30,60", "convert_weights open/model.h5 --list"}) {
    CAPTURE(printed);
    const std::string text = printed;
    const std::size_t space = text.find(' ');
    const std::string program = text.substr(0, space), arguments = text.substr(space);
    CHECK(code_of(program, arguments + " >/dev/full 2>full.txt") == 8);
    CHECK(holds("full.txt", "error: standard output: cannot be written: No space left on device"));
    CHECK(code_of(program, arguments + " >/dev/null 2>/dev/full") == 0);
  }
  CHECK(code_of("run_experiment", fmt::format("{} --out full >/dev/full 2>/dev/full", run_options)) == 0);
  CHECK(metrics("full") == metrics("open"));
  const Finished gone =
      shell(fmt::format("cd {} && ('{}/run_experiment' {} --out gone 2>/dev/null; echo $? >code) | head -1",
                        workplace().folder, binaries(), run_options));
  CHECK(gone.code == 0);
  CHECK(bytes("code") == "0\n");
  CHECK(metrics("gone") == metrics("open"));
}
