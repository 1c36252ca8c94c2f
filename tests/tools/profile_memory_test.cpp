// SPDX-License-Identifier: Apache-2.0
// The real executable: exit codes, output, the largest batch, the plan compared with a real step.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tensor/backend/cuda_module.h"
#include "tests/support/program.h"
#include "tests/support/well_formed.h"

using namespace cg;
using namespace cg::test;

namespace {

/// A network that needs seconds; later options do not change these.
const std::string small = "quickstart --device cpu --size 20 24 20 model.width=8 threads=1 ";

Finished run(const TestFolder& folder, const std::string& arguments, const std::string& environment = "") {
  return run_program(folder.path(), "profile_memory", arguments, environment);
}

/// The number that follows `before` in a text.
double number_after(const std::string& text, const std::string& before) {
  const auto at = text.find(before);
  CAPTURE(text);
  REQUIRE(at != std::string::npos);
  return std::stod(text.substr(at + before.size()));
}

}  // namespace

TEST_CASE("profile_memory: help shows options, examples and exit codes") {
  const TestFolder folder;
  const Finished help = run(folder, "--help");
  CHECK(help.code == 0);
  for (const char* word : {"--batch", "--device", "--size", "--memory", "--csv", "--html", "--json", "--plans",
                           "--measure", "H200", "Examples:", "Exit codes:"})
    CHECK(help.says(word));
}

TEST_CASE("profile_memory: exit codes and messages") {
  const TestFolder folder;
  const auto ends = [&](const std::string& arguments, int code) {
    CAPTURE(arguments);
    const Finished result = run(folder, arguments);
    CAPTURE(result.text);
    CHECK(result.code == code);
    CHECK(result.says("error: "));
  };
  for (const char* wrong :
       {"", "nowhere.toml", "quikstart", "quickstart --bogus", "quickstart train.epoch=3", "quickstart --batch 1",
        "quickstart --batch 4097", "quickstart --batch many", "quickstart --batch 8x", "quickstart --size 20 24",
        "quickstart --size 0 24 20", "quickstart --memory 8", "quickstart --memory 8QB", "quickstart --memory -1GB",
        "quickstart --device gpu"})
    ends(wrong, 2);
  ends("quickstart data.cohort=nowhere.h5", 3);
  std::ofstream(folder.path() + "/torn.h5") << "no HDF5";
  ends("quickstart data.cohort=torn.h5", 4);
  ends(small + "--batch max --memory 1MB", 6);
  ends(small + "--html nowhere/page.html", 8);
  ends(small + "--csv nowhere/rows.csv", 8);
  ends(small + "--plans", 2);
  std::string why;
  if (!make_cuda_backend(why)) ends("quickstart --device cuda", 7);
  ends("quickstart --device H200 --measure", cuda_module(why) ? 2 : 7);
}

TEST_CASE("profile_memory: the size of a phantom is known without creating it, and --size replaces a cohort") {
  const TestFolder folder;
  CHECK(run(folder, "quickstart --device reference", "LC_ALL=C").says("32 volumes of 46 x 55 x 46 voxels"));
  CHECK(run(folder, "dynlocrep --device reference", "LC_ALL=C").says("32 volumes of 91 x 109 x 91 voxels"));
  const Finished sized = run(folder, "quickstart data.cohort=nowhere.h5 --size 20 24 20 --batch 7", "LC_ALL=C");
  CHECK(sized.code == 0);
  CHECK(sized.says("7 volumes of 20 x 24 x 20 voxels"));
  CHECK(std::filesystem::is_empty(folder.path()));
}

TEST_CASE("profile_memory: the locale selects block characters or ASCII") {
  const TestFolder folder;
  CHECK(run(folder, small, "LC_ALL=C.UTF-8").says("\u2588"));
  CHECK(run(folder, small, "LC_ALL= LC_CTYPE= LANG=en_GB.utf8").says("\u2588"));
  for (const char* plain : {"LC_ALL=C", "LC_ALL= LC_CTYPE= LANG=", "LC_ALL=POSIX LANG=C.UTF-8"}) {
    CAPTURE(plain);
    const std::string text = run(folder, small, plain).text;
    CHECK(std::none_of(text.begin(), text.end(), [](char c) { return c < 0; }));
    CHECK(text.find("###") != std::string::npos);
  }
}

TEST_CASE("profile_memory: a configuration whose name is markup stays text in the page") {
  const TestFolder folder;
  const std::string name = "<script>alert(1)<.toml";  // a path cannot contain the / of a closing tag
  std::ofstream(folder.path() + "/" + name) << "[model]\nwidth = 8\n";
  const Finished result =
      run(folder, "'" + name + "' --device reference --size 20 24 20 --html page.html --csv rows.csv");
  CAPTURE(result.text);
  REQUIRE(result.code == 0);
  const std::string page = folder.read("page.html"), rows = folder.read("rows.csv");
  CHECK(malformed(page) == "");
  CHECK(page.find("<script>alert") == std::string::npos);
  CHECK(page.find("&lt;script&gt;alert(1)&lt;.toml") != std::string::npos);
  CHECK(rows.starts_with("scope,op,role,bytes,first,last,offset\nencoder."));
}

TEST_CASE("profile_memory: --batch max leaves memory for all of training, and one subject more does not") {
  const TestFolder folder;
  constexpr double memory = 260;  // MB; 160 of them for libraries
  const Finished largest = run(folder, small + "--batch max --memory 260MB");
  REQUIRE(largest.code == 0);
  const auto batch = static_cast<int>(number_after(largest.text, "Largest batch in 260.0 MB: "));
  const auto run_of = [&](int subjects) { return run(folder, small + fmt::format("--batch {}", subjects)).text; };
  const double beside = number_after(largest.text, "for saving, ");
  CHECK(batch > 32);
  CHECK(beside == 160);
  const double step = number_after(run_of(batch + 1), "  sum");
  CHECK(number_after(largest.text, " MB: ") == batch);
  // More than fits, printed with a tenth of a MB: a demand slightly above 260 MB is shown as 260.0.
  CHECK(number_after(largest.text, fmt::format("{} needs ", batch + 1)) >= memory);
  CHECK(largest.says(fmt::format("{:.1f} MB for a step", step)));
  CHECK(step + beside < memory);  // a larger step alone would fit
  CHECK(number_after(largest.text, "  sum") == number_after(run_of(batch), "  sum"));
  CHECK(run(folder, small + "--batch max --memory 900TB").says("Largest batch: 4096, the maximum of train.batch_size"));
  CHECK(run(folder, small + "--batch max --memory 160MB").says("training with batches of 2 needs "));
}

TEST_CASE("profile_memory: a step uses about the planned memory") {
  const TestFolder folder;
  // on one thread: several threads would wait for each other on a busy machine
  const std::string changes = "model.width=32 threads=1";
  const Finished result =
      run(folder, "quickstart --device cpu --measure --size 30 36 30 --batch 12 --json m.json " + changes);
  CAPTURE(result.text);
  REQUIRE(result.code == 0);
  const auto json = nlohmann::json::parse(folder.read("m.json"));
  REQUIRE(json.contains("measured"));
  CHECK(json["config"] == "quickstart " + changes);
  CHECK(json["measured"]["peak"].get<double>() > json["measured"]["baseline"].get<double>());
  const double measured = number_after(result.text, "the process held "),
               planned = number_after(result.text, "Planned: ");
  MESSAGE("planned ", planned, " MB, measured ", measured, " MB");
  CHECK(measured >= 0.95 * planned);
  // oneDNN's matrix product keeps about 10 MB per thread, which matters more here than in a full-sized step
  CHECK(measured <= 1.05 * planned + 30);
}
