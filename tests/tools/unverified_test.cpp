// SPDX-License-Identifier: Apache-2.0
// Every program says which of its inputs has no digests, and says nothing of one that has them.
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "data/formats/hdf5_file.h"
#include "tests/experiments/prediction/predicted.h"
#include "tests/support/without_digests.h"

using namespace cg;
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

const std::string words = "not verified: it has no digests of its content";

/// A copy of a file, without digests, in the workplace. Returns its name.
std::string without_digests(const std::string& path, const std::string& name) {
  copy_without_digests(path, workplace().folder + "/" + name);
  return name;
}

std::string said(const std::string& program, const std::string& arguments) {
  const Finished done = run_program(workplace().folder, program, arguments);
  REQUIRE_MESSAGE(done.code == 0, done.text);
  return done.text;
}

std::size_t times(const std::string& text, const std::string& part) {
  std::size_t n = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++n;
  return n;
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

TEST_CASE("unverified: predict and saliency say it of each model and each cohort") {
  const std::string own = trained().model, &cohort = workplace().cohort;
  const std::string model = without_digests(own, "foreign-model.h5"), one = without_digests(cohort, "foreign-1.h5"),
                    two = without_digests(cohort, "foreign-2.h5");
  CHECK(times(said("predict", own + " " + cohort + " --overwrite"), "not verified") == 0);
  const std::string other_model = said("predict", own + " " + model + " " + cohort + " --overwrite");
  CHECK(times(other_model, words) == 1);
  CHECK(other_model.find(words) > other_model.find("model       foreign-model.h5"));
  const std::string cohorts = said("predict", own + " " + one + " " + cohort + " " + two + " --overwrite");
  CHECK(times(cohorts, words) == 2);
  for (const std::string& name : {one, two}) CHECK(times(cohorts, name + ": " + words) == 1);
  const std::string quick = " --subject phantom-00001 --method gradient --samples 1 --check-scans 0 --overwrite";
  CHECK(times(said("saliency", own + " " + cohort + quick), "not verified") == 0);
  const std::string map = said("saliency", model + " " + one + quick);
  for (const std::string& name : {model, one}) CHECK(times(map, name + ": " + words) == 1);
}

TEST_CASE("unverified: convert_weights says it of its input, whose copy has digests") {
  const std::string own = trained().model, model = without_digests(own, "foreign.h5");
  CHECK(times(said("convert_weights", own + " --list"), "verified: its content has the digests in the file\n") == 1);
  CHECK(times(said("convert_weights", own + " --list"), "not verified") == 0);
  CHECK(times(said("convert_weights", model + " --list"), words) == 1);
  CHECK(times(said("convert_weights", own + " copy.h5 --overwrite"), "verified") == 0);
  CHECK(times(said("convert_weights", model + " copy.h5 --overwrite"), "foreign.h5: " + words) == 1);
}

TEST_CASE("unverified: a run says it of its cohort and of its initial weights, and the page of a cohort says it") {
  const std::string own = trained().model, cohort = workplace().cohort;
  const std::string model = workplace().folder + "/" + without_digests(own, "foreign-weights.h5"),
                    other = workplace().folder + "/" + without_digests(cohort, "foreign-cohort.h5");
  const auto checked = [](const std::string& weights, const std::string& file) {
    const Result result =
        run_tiny("checked", "--check pretrained.equal_ids=other_person pretrained.weights=" + weights, file);
    REQUIRE_MESSAGE(result.code == 0, result.text);
    return result.text;
  };
  CHECK(times(checked(own, cohort), "not verified") == 0);
  CHECK(times(checked(model, cohort), words) == 1);
  CHECK(times(checked(model, other), words) == 2);
  const auto page = [](const std::string& file) {
    said("show_cohort", file + " --out page.html --overwrite");
    return bytes("page.html");
  };
  CHECK(times(page(cohort), "This file is not verified: it has no digests") == 0);
  CHECK(times(page(other), "This file is not verified: it has no digests") == 1);
}
