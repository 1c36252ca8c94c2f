// SPDX-License-Identifier: Apache-2.0
// What a run says of its origin in summary.json and environment.json: cohort, parts, loss, options, device, precision,
// the sources of the program, and every change of them when it continues.
#include "experiments/record/provenance.h"

#include <doctest/doctest.h>

#include "experiments/record/checkpoint.h"
#include "tests/experiments/runner/tiny_run.h"
#include "tests/support/shell.h"

using namespace cg;
using namespace cg::test;

namespace {

const std::string setting = "seeds=0 train.epochs=30 data.validation=0.2";

/// Interrupts a run after its fifth epoch.
void interrupt(const std::string& out, const std::string& options) {
  Process process(out, options);
  wait_for_lines(process, out, 5);
  process.send(SIGTERM);
  const Result result = process.wait();
  REQUIRE_MESSAGE(result.code == 75, result.text);
}

nlohmann::json environment(const std::string& out) { return nlohmann::json::parse(bytes(out + "/environment.json")); }

bool says(const Result& result, const std::string& words) { return result.text.find(words) != std::string::npos; }

}  // namespace

TEST_CASE("provenance: summary.json and environment.json name cohort, parts, loss, options, device and precision") {
  const Result result = run_tiny("named", setting + " loss.name=simclr loss.sigma=3 --device cpu model.precision=auto");
  REQUIRE_MESSAGE(result.code == 0, result.text);
  std::map<std::string, int> parts;
  for (const auto& row : table("named/predictions.csv")) ++parts[row.at("part")];
  REQUIRE(parts.at("validation") > 0);
  for (const nlohmann::json& json : {summary("named"), environment("named")}) {
    CAPTURE(json.dump());
    CHECK(json["experiment"] == "dynlocrep");
    CHECK(json["loss"] == "simclr");
    CHECK(json["changed_options"]["loss.sigma"] == 3);
    CHECK(json["changed_options"]["data.validation"] == 0.2);
    CHECK_FALSE(json["changed_options"].contains("train.learning_rate"));  // the file sets the default
    const nlohmann::json& cohort = json["cohort"];
    CHECK(cohort["name"] == "synthetic-phantom.h5");
    CHECK(cohort["sha256"].get<std::string>().size() == 64);
    CHECK(cohort["synthetic"] == true);
    CHECK(cohort["subjects"] == tiny_subjects);
    for (const char* part : {"train", "validation", "test"}) CHECK(cohort[part] == parts.at(part));
    CHECK(json["device"].get<std::string>().starts_with("cpu: "));
    CHECK((json["precision"] == "float32" || json["precision"] == "bfloat16"));
    REQUIRE(json["stages"].size() == 1);
    CHECK(json["stages"][0]["from"] == "seed 0, epoch 1, step 1");
    for (const char* key : {"device", "precision", "commit", "sources"}) CHECK(json["stages"][0][key] == json[key]);
  }
  CHECK(says(result, "precision   activations in " + summary("named")["precision"].get<std::string>()));
}

TEST_CASE("provenance: the commit is that of the build, as --version prints it") {
  REQUIRE(run_tiny("built", "seeds=0 train.epochs=2").code == 0);
  const auto json = summary("built");
  const Finished version = shell(binaries() + "/run_experiment --version");
  CHECK_MESSAGE(version.says("built from commit " + json["commit"].get<std::string>() + ", sources " +
                             json["sources"].get<std::string>()),
                version.text);
  const std::string commit = json["commit"], sources = json["sources"];
  const bool known = commit.size() == 40 && commit.find_first_not_of("0123456789abcdef") == commit.npos;
  CHECK((known ? sources == "clean" || sources == "changed" : commit == "unknown" && sources == "unknown"));
}

TEST_CASE("provenance: a run that continues on another device has both stages, and warns") {
  interrupt("moved", setting + " --device cpu model.precision=float32");
  const Result resumed = run_tiny("moved", setting + " --device reference model.precision=float32");
  REQUIRE_MESSAGE(resumed.code == 0, resumed.text);
  CHECK_MESSAGE(says(resumed, "warning: this run was computed by cpu: "), resumed.text);
  CHECK_MESSAGE(says(resumed, "not reproducible with either alone"), resumed.text);
  for (const nlohmann::json& json : {summary("moved"), environment("moved")}) {
    CAPTURE(json.dump());
    REQUIRE(json["stages"].size() == 2);
    CHECK(json["stages"][0]["from"] == "seed 0, epoch 1, step 1");
    CHECK(json["stages"][0]["device"].get<std::string>().starts_with("cpu: "));
    CHECK(json["stages"][1]["from"].get<std::string>().starts_with("seed 0, epoch "));
    CHECK(json["stages"][1]["from"] != json["stages"][0]["from"]);
    CHECK(json["stages"][0]["device"] != json["stages"][1]["device"]);
    CHECK(json["device"] == json["stages"][1]["device"]);
  }
}

TEST_CASE("provenance: a run that continues with a program of another commit has both stages; otherwise there is one") {
  const std::string options = setting + " --device cpu";
  interrupt("older", options);
  const std::string path = workplace().folder + "/older/checkpoint.h5";
  Checkpoint saved = read_checkpoint(path);
  REQUIRE(saved.run.stages.size() == 1);
  saved.run.stages[0].build = {std::string(40, 'a'), "changed"};
  HostBackend host;
  write_checkpoint(path, saved, host);
  const Result resumed = run_tiny("older", options);
  REQUIRE_MESSAGE(resumed.code == 0, resumed.text);
  CHECK_MESSAGE(says(resumed, "program of commit aaaaaaaaaaaa with changed sources and continues with "), resumed.text);
  REQUIRE(summary("older")["stages"].size() == 2);
  CHECK(summary("older")["stages"][0]["commit"] == std::string(40, 'a'));
  interrupt("same", options);
  const Result same = run_tiny("same", options);
  CHECK_FALSE(says(same, "warning: this run was computed by"));
  CHECK(summary("same")["stages"].size() == 1);
}
