// SPDX-License-Identifier: Apache-2.0
// Every program says which of its inputs has no digests, and says nothing of one that has them. predict and saliency
// have this test beside their own.
#include <doctest/doctest.h>

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "data/formats/hdf5_file.h"
#include "tests/support/program.h"
#include "tests/support/without_digests.h"

using namespace cg::test;

namespace {

/// The program's arguments, with the input that is looked at as {}.
struct Command {
  std::string program, before, after;
};

void write_cases(const std::string& path) {
  cg::H5Writer cases(path);
  cases.numbers("a/embeddings", {3, 2}, std::vector<double>{1, 0, 0, 1, -1, 0});
  cases.numbers("a/ages", {3}, std::vector<double>{20, 30, 50});
  cases.attribute("loss", "y_aware", "a");
  cases.attribute("options", R"({"formulation": "published"})", "a");
  cases.attribute("views", 1, "a");
  cases.commit();
}

}  // namespace

TEST_CASE("unverified: each program names an input without digests, and no other") {
  const TestFolder folder;
  const std::string f = folder.path();
  REQUIRE(run_program(f, "make_phantom_cohort", "--subjects 3 --voxel 20 --threads 1 --out with.h5").code == 0);
  copy_without_digests(f + "/with.h5", f + "/without.h5");
  REQUIRE(run_program(f, "make_phantom_cohort", "--subjects 4 --voxel 20 --seed 2 --out other.h5").code == 0);
  REQUIRE(run_program(f, "export_cohort", "other.h5 study").code == 0);
  std::filesystem::remove_all(f + "/study/sub-phantom00000");
  std::filesystem::remove_all(f + "/study/sub-phantom00001");
  std::filesystem::remove_all(f + "/study/sub-phantom00002");
  const std::string imported =
      "study --files '{participant_id}/mre/{participant_id}_stiffness.nii.gz' --voxel 20 "
      "--allow-missing --check --not-in ";
  const std::vector<Command> commands = {
      {"export_cohort", "", " exported-"},
      {"show_volume", "", " --overwrite"},
      {"show_cohort", "", " --overwrite"},
      {"show_cohort", "other.h5 --overwrite --beside ", ""},
      {"import_cohort", imported, " --exclude phantom00000,phantom00001,phantom00002"},
  };
  for (const Command& command : commands)
    for (const std::string& input : {std::string("with"), std::string("without")}) {
      const std::string after = command.after + (command.after == " exported-" ? input : "");
      const Finished done = run_program(f, command.program, command.before + input + ".h5" + after);
      CAPTURE(command.program);
      CAPTURE(done.text);
      CHECK(done.code == 0);
      CHECK(done.says("without.h5: not verified: it has no digests of its content") == (input == "without"));
      CHECK(done.says("not verified") == (input == "without"));
    }
  REQUIRE(run_program(f, "show_cohort", "without.h5 --overwrite").code == 0);
  CHECK(folder.read("cohort.html").find("This file is not verified: it has no digests") != std::string::npos);
  write_cases(f + "/with-cases.h5");
  copy_without_digests(f + "/with-cases.h5", f + "/without-cases.h5");
  for (const std::string& input : {std::string("with"), std::string("without")}) {
    const std::string file = input + "-cases.h5";
    for (const auto& [program, arguments] : std::vector<std::pair<std::string, std::string>>{
             {"explain_loss", "--cases " + file + " --out answers.h5 --overwrite"},
             {"explain_loss", "--embeddings " + file + " --dataset a/embeddings --ages 20,30,50"},
             {"convert_weights", file + " weights.safetensors --overwrite"}}) {
      const Finished done = run_program(f, program, arguments);
      CAPTURE(done.text);
      CHECK(done.code == 0);
      CHECK(done.says("without-cases.h5: not verified") == (input == "without"));
      CHECK(done.says("not verified") == (input == "without"));
    }
  }
}
