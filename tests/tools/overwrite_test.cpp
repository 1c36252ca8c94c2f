// SPDX-License-Identifier: Apache-2.0
// No program replaces a file that it did not write itself, unless --overwrite is given, and none that it reads.
// predict, saliency and import_cohort have this test beside their own; run_experiment has its own rules
// (experiments/record/recorder.h).
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "data/formats/hdf5_file.h"
#include "tests/support/program.h"

using namespace cg::test;

namespace {

struct Command {
  std::string program, arguments;
  std::vector<std::string> outputs;
};

void write(const TestFolder& folder, const std::string& name) { std::ofstream(folder.path() + "/" + name) << "mine"; }

}  // namespace

TEST_CASE("overwrite: each program refuses each output that exists with exit code 9, and replaces it if asked") {
  const TestFolder folder;
  const std::string phantom = "--subjects 3 --voxel 20 --threads 1 --out ";
  REQUIRE(run_program(folder.path(), "make_phantom_cohort", phantom + "in.h5").code == 0);
  cg::H5Writer cases(folder.path() + "/cases.h5");
  cases.numbers("a/embeddings", {3, 2}, std::vector<double>{1, 0, 0, 1, 0.6, 0.8});
  cases.numbers("a/ages", {3}, std::vector<double>{20, 30, 50});
  cases.attribute("loss", "y_aware", "a");
  cases.attribute("options", R"({"formulation": "published"})", "a");
  cases.attribute("views", 1, "a");
  cases.commit();
  const std::vector<Command> commands = {
      {"make_phantom_cohort", phantom + "made.h5", {"made.h5"}},
      {"show_cohort", "in.h5", {"cohort.html"}},
      {"show_volume", "in.h5", {"volume.png"}},
      {"explain_loss", "--html losses.html", {"losses.html"}},
      {"explain_loss", "--cases cases.h5 --out answers.h5", {"answers.h5"}},
      {"convert_weights", "in.h5 weights.safetensors", {"weights.safetensors"}},
      {"profile_memory",
       "quickstart --device reference --size 20 24 20 --batch 2 --csv rows.csv --html page.html --json all.json",
       {"rows.csv", "page.html", "all.json"}},
  };
  for (const Command& command : commands) {
    CAPTURE(command.program);
    for (const std::string& output : command.outputs) {
      for (const std::string& other : command.outputs) std::filesystem::remove(folder.path() + "/" + other);
      // A link that leads nowhere is not an absent file.
      std::filesystem::create_symlink("nowhere", folder.path() + "/" + output);
      CHECK(run_program(folder.path(), command.program, command.arguments).code == 9);
      CHECK_FALSE(std::filesystem::exists(folder.path() + "/nowhere"));
      std::filesystem::remove(folder.path() + "/" + output);
      write(folder, output);
      const Finished refused = run_program(folder.path(), command.program, command.arguments);
      CAPTURE(refused.text);
      CHECK(refused.code == 9);
      CHECK(refused.says(output + ": the file exists"));
      CHECK(refused.says("--overwrite"));
      CHECK(folder.read(output) == "mine");
      const Finished replaced = run_program(folder.path(), command.program, command.arguments + " --overwrite");
      CAPTURE(replaced.text);
      CHECK(replaced.code == 0);
      CHECK(folder.read(output) != "mine");
    }
  }
  // What a program reads it does not replace, even if asked.
  REQUIRE(run_program(folder.path(), "make_phantom_cohort", phantom + "t1.h5 --modality t1").code == 0);
  const std::vector<Command> reading = {
      {"show_cohort", "in.h5 --out in.h5", {"in.h5"}},
      {"show_cohort", "in.h5 --beside t1.h5 --out t1.h5", {"t1.h5"}},
      {"show_volume", "in.h5 --out in.h5", {"in.h5"}},
      {"explain_loss", "--cases cases.h5 --out cases.h5", {"cases.h5"}},
      {"convert_weights", "weights.safetensors ./weights.safetensors", {"weights.safetensors"}},
  };
  for (const Command& command : reading) {
    CAPTURE(command.program);
    const std::string before = folder.read(command.outputs[0]);
    const Finished refused = run_program(folder.path(), command.program, command.arguments + " --overwrite");
    CAPTURE(refused.text);
    CHECK(refused.code == 2);
    CHECK(refused.says("the output would replace an input file"));
    CHECK(folder.read(command.outputs[0]) == before);
  }
}

TEST_CASE("overwrite: no program replaces its own input, or one output by another") {
  const TestFolder folder;
  const std::string sizes = " --device reference --size 20 24 20 --batch 2 --overwrite ";
  std::filesystem::copy_file(CG_TEST_SOURCE "/experiments/quickstart.toml", folder.path() + "/mine.toml");
  cg::H5Writer rows(folder.path() + "/rows.h5");
  rows.numbers("embeddings", {3, 2}, std::vector<double>{1, 0, 0, 1, 0.6, 0.8});
  rows.commit();
  const std::vector<Command> commands = {
      {"profile_memory", "mine.toml" + sizes + "--csv mine.toml", {"mine.toml"}},
      {"profile_memory", "mine.toml" + sizes + "--json ./mine.toml", {"mine.toml"}},
      {"explain_loss", "--embeddings rows.h5 --html rows.h5 --overwrite", {"rows.h5"}},
  };
  for (const Command& command : commands) {
    CAPTURE(command.arguments);
    const std::string before = folder.read(command.outputs[0]);
    const Finished refused = run_program(folder.path(), command.program, command.arguments);
    CAPTURE(refused.text);
    CHECK(refused.code == 2);
    CHECK(refused.says("would replace an input file"));
    CHECK(folder.read(command.outputs[0]) == before);
  }
  const Finished same = run_program(folder.path(), "profile_memory", "mine.toml" + sizes + "--csv a --html ./a");
  CHECK(same.code == 2);
  CHECK_MESSAGE(same.says("two outputs would be written to this file"), same.text);
}
