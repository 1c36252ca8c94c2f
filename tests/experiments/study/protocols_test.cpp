// SPDX-License-Identifier: Apache-2.0
// The protocols of studies: which subjects are tested, and that what selects never contains them.
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>

#include "data/files/storage.h"
#include "data/formats/hdf5_file.h"
#include "data/phantom/cohort.h"
#include "experiments/study/trainings.h"
#include "tensor/error.h"

using namespace cg;

namespace {

namespace fs = std::filesystem;

/// A folder with a base configuration and a synthetic cohort of 40 subjects.
struct Folder {
  fs::path path = fs::temp_directory_path() / fmt::format("cg-protocols-{}", getpid());
  Folder() {
    fs::create_directories(path);
    std::ofstream(path / "base.toml") << "train.epochs = 20\nloss.name = \"dynlocrep\"\ndata.cohort = \"maps.h5\"\n";
    phantom::CohortOptions options;
    options.subjects = 40;
    options.voxel_mm = 16;
    options.threads = 1;
    phantom::write_cohort(options, (path / "maps.h5").string());
  }
  ~Folder() { fs::remove_all(path); }

  StudyPlan plan(const std::string& protocol, const std::string& more = "", const std::string& seeds = "[0, 3]",
                 const StudyNames& names = study_names) const {
    const std::string text = fmt::format(
        "[study]\nbase = \"base.toml\"\nseeds = {}\nprotocol = \"{}\"\n[study.rows.a]\n[study.rows.b]\n"
        "loss.name = \"threshold\"\n{}",
        seeds, protocol, more);
    return plan_studies(read_studies({(path / "mine.toml").string(), text, {}}, path), "trainings", names);
  }
};

const Folder& folder() {
  static const Folder it;
  return it;
}

const CohortFile& cohort() {
  static const CohortFile file((folder().path / "maps.h5").string());
  return file;
}

std::set<std::string> studies_of(const std::vector<Index>& subjects) {
  std::set<std::string> out;
  for (const Index i : subjects) out.insert(cohort().subject(i).study);
  return out;
}

Split split_of(const Training& training) { return split_of(training.config.data, cohort()); }

}  // namespace

TEST_CASE("protocols: repeated gives each seed a division of its own, the same for all rows") {
  const StudyPlan plan = folder().plan("repeated", "[data]\nsplit_seed = 100\n");
  REQUIRE(plan.trainings.size() == 4);
  CHECK(plan.trainings[0].config.data.split_seed == 100);
  CHECK(plan.trainings[1].config.data.split_seed == 100);
  CHECK(plan.trainings[2].config.data.split_seed == 103);  // seed 3
  CHECK(split_of(plan.trainings[0]).test == split_of(plan.trainings[1]).test);
  CHECK(split_of(plan.trainings[0]).test != split_of(plan.trainings[2]).test);
  const StudyPlan last = folder().plan("repeated", "[data]\nsplit_seed = 4294967295\n");
  CHECK(last.trainings[2].config.data.split_seed == 2);  // 2^32 - 1 + 3: a seed of the split has 32 bits
}

TEST_CASE("protocols: leave_one_study_out tests each study once per seed, and trains on none of its subjects") {
  const StudyPlan plan = folder().plan("leave_one_study_out");
  const std::vector<std::string> names = {"1", "2", "3", "4", "5"};
  REQUIRE(study_names(plan.row(plan.cells[0]).config.data) == names);
  REQUIRE(plan.trainings.size() == 2 * 2 * 5);
  std::set<Index> tested;
  for (const Cell& cell : plan.cells) {
    const std::string left_out = names[static_cast<std::size_t>(cell.fold)];
    CHECK(tested_study(plan, cell) == left_out);
    const Split split = split_of(plan.trainings[cell.training]);
    CHECK(studies_of(split.test) == std::set<std::string>{left_out});
    CHECK_FALSE(studies_of(split.train).contains(left_out));
    CHECK(split.train.size() + split.test.size() == 40);
    if (cell.row == 0 && cell.seed == 3) tested.insert(split.test.begin(), split.test.end());
  }
  CHECK(tested.size() == 40);
  CHECK(plan.trainings[1].text == "a, seed 0, tested on study 2");
}

TEST_CASE("protocols: the validation part, which selects, has no subject of the test part") {
  for (const char* protocol : {"published", "k_fold", "repeated", "leave_one_study_out"}) {
    CAPTURE(protocol);
    const StudyPlan plan = folder().plan(protocol, "[data]\nvalidation = 0.2\n");
    for (const Training& training : plan.trainings) {
      const Split split = split_of(training);
      CHECK_FALSE(split.validation.empty());
      for (const Index i : split.validation) {
        CHECK_FALSE(std::ranges::binary_search(split.test, i));
        CHECK_FALSE(std::ranges::binary_search(split.train, i));
      }
    }
  }
}

TEST_CASE("protocols: a cohort is asked for its studies once, and only where they are left out") {
  int asked = 0;
  const StudyNames names = [&](const DataOptions&) {
    ++asked;
    return std::vector<std::string>{"x", "y", "z"};
  };
  folder().plan("k_fold", "", "[0, 3]", names);
  CHECK(asked == 0);
  CHECK(folder().plan("leave_one_study_out", "", "[0, 3]", names).trainings.size() == 2 * 2 * 3);
  CHECK(asked == 1);
}

TEST_CASE("protocols: a phantom's studies are known before it is created") {
  DataOptions phantom;
  phantom.phantom.subjects = 40;
  phantom.phantom.voxel_mm = 15.5;  // no other test has such a file
  REQUIRE_FALSE(fs::exists(cohort_path(phantom)));
  CHECK(study_names(phantom) == std::vector<std::string>{"1", "2", "3", "4", "5"});
  CHECK_FALSE(fs::exists(cohort_path(phantom)));
}

TEST_CASE("protocols: what cannot be divided is refused with the reason") {
  const auto refusal = [](const auto& work) -> std::string {
    try {
      work();
    } catch (const Error& error) {
      CHECK(error.kind() == ErrorKind::usage);
      return error.what();
    }
    return "";
  };
  for (const char* protocol : {"k_fold", "repeated", "leave_one_study_out"}) {
    CAPTURE(protocol);
    CHECK(refusal([&] { folder().plan(protocol, "[data]\nsplit = \"column\"\n"); }).find("needs a split into folds") !=
          std::string::npos);
  }
  const auto of = [&](const std::vector<std::string>& studies) {
    const fs::path file = folder().path / "other.h5";
    H5Writer out;
    std::vector<std::string> ids;
    for (std::size_t k = 0; k < studies.size(); ++k) ids.push_back(fmt::format("s{}", k));
    const auto n = static_cast<Index>(studies.size());
    out.floats("maps", {n, 1, 2, 2, 2}, std::vector<float>(studies.size() * 8, 1.0F));
    out.numbers("age", {n}, std::vector<double>(studies.size(), 40.0));
    out.strings("participant_id", ids);
    if (!studies.front().empty() || !studies.back().empty()) out.strings("study", studies);
    out.attribute("voxel_mm", 2.0);
    write_atomically(file, out.image());
    DataOptions data;
    data.cohort = file.string();
    return refusal([&] { study_names(data); });
  };
  CHECK(of({"", "", ""}).find("the cohort has no studies") != std::string::npos);
  CHECK(of({"a", "", "b"}).find("1 of 3 subjects have no study") != std::string::npos);
  CHECK(of({"a", "a", "a"}).find("all subjects are of one study, \"a\"") != std::string::npos);
  CHECK(of({"a", "b", "a"}).empty());
}

TEST_CASE("protocols: trainings are ordered seed by seed over all rows and studies") {
  std::ofstream(folder().path / "one.toml") << "[study]\nbase = \"base.toml\"\nseeds = [5, 1]\n[study.rows.a]\n"
                                               "[study.rows.b]\nloss.name = \"threshold\"\n";
  std::ofstream(folder().path / "two.toml") << "[study]\nbase = \"base.toml\"\nseeds = [5, 1, 2]\n[study.rows.c]\n"
                                               "loss.sigma = 3\n[study.rows.d]\n";
  const StudyPlan plan =
      plan_studies(read_studies({(folder().path / "both.toml").string(), "[study]\nparts = [\"one\", \"two\"]\n", {}},
                                folder().path),
                   "trainings");
  std::vector<std::string> texts;
  for (const Training& training : plan.trainings) texts.push_back(training.text);
  CHECK(texts == std::vector<std::string>{"a, seed 5", "b, seed 5", "c, seed 5", "a, seed 1", "b, seed 1", "c, seed 1",
                                          "c, seed 2", "d, seed 2"});
  std::vector<Index> seeds;  // of the results: row by row, in the order of the study's list
  for (const Cell& cell : plan.cells) seeds.push_back(cell.seed);
  CHECK(seeds == std::vector<Index>{5, 1, 5, 1, 5, 1, 2, 5, 1, 2});
}
