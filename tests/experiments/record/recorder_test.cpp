// SPDX-License-Identifier: Apache-2.0
#include "experiments/record/recorder.h"

#include <doctest/doctest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <set>

#include "experiments/program/csv.h"
#include "experiments/program/environment.h"
#include "tensor/error.h"

using namespace cg;
namespace fs = std::filesystem;

namespace {

/// A folder that is removed at the end of the test.
struct Folder {
  fs::path path;
  Folder() {
    char name[] = "/tmp/cortexgrad-test-XXXXXX";
    REQUIRE(mkdtemp(name));
    path = name;
  }
  ~Folder() {
    std::error_code none;
    fs::permissions(path, fs::perms::owner_all, none);
    fs::remove_all(path, none);
  }
};

std::string contents(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::set<std::string> names(const fs::path& folder) {
  std::set<std::string> out;
  for (const auto& entry : fs::directory_iterator(folder)) out.insert(entry.path().filename());
  return out;
}

/// The kind of the error of a call, 0 for no error.
int kind(auto call) {
  try {
    call();
  } catch (const Error& error) {
    return static_cast<int>(error.kind());
  }
  return 0;
}

const Config config;
const SeedResult one_seed{.seed = 3, .test = {.mae = 4, .rmse = 5, .r2 = 0.5, .r = 0.75}, .penalty = 0.1};

}  // namespace

TEST_CASE("Recorder: the rows of a run have enough digits, and empty cells for missing values") {
  const Folder f;
  Recorder recorder(f.path / "a/b", config, false);
  recorder.epoch({.seed = 1, .epoch = 2, .loss = 1.0 / 3, .learning_rate = 1e-4, .neighbours = 31, .seconds = 2.5});
  recorder.epoch(
      {.seed = 1, .epoch = 3, .loss = -1, .learning_rate = 9e-5, .seconds = 2, .mae = 4.25, .validation_mae = 5.5});
  CHECK(contents(f.path / "a/b/metrics.csv") ==
        "seed,epoch,loss,learning_rate,neighbours,seconds,mae,validation_mae\n"
        "1,2,0.3333333333,0.0001,31,2.5,,\n"
        "1,3,-1,9e-05,,2,4.25,5.5\n");
  const std::vector<PredictionRow> rows{{1, "sub-1", 20.5, 22, "test", "2"}, {1, "=cmd()", 3, 4, "train", "a,\"b\""}};
  recorder.predictions(rows);
  CHECK(contents(f.path / "a/b/predictions.csv") ==
        "seed,participant_id,age,predicted,part,study\n"
        "1,sub-1,20.5,22,test,2\n"
        "1,'=cmd(),3,4,train,\"a,\"\"b\"\"\"\n");
  CHECK(contents(f.path / "a/b/config.resolved.toml") == resolved_config(config));
}

TEST_CASE("Recorder: text that a spreadsheet would evaluate is neutralised, control bytes become spaces") {
  for (const char* start : {"=", "+", "-", "@", "\t", "\r"}) CHECK(csv_text(start + std::string("1"))[0] == '\'');
  CHECK(csv_text("a\nb\x1b[0m") == "a b [0m");
  CHECK(csv_text("sub-01") == "sub-01");
  CHECK(csv_text("") == "");
}

TEST_CASE("Recorder: the summary has means over seeds, the baseline, and all seeds") {
  const Folder f;
  Recorder recorder(f.path, config, false);
  SeedResult other = one_seed;
  other.seed = 4;
  other.test.mae = 6;
  const std::vector<SeedResult> seeds{one_seed, other};
  const Provenance from{
      .experiment = "mine", .loss = "simclr", .changed = {{"seeds", {}, "", std::vector<Index>{3, 4}}}};
  recorder.summary(seeds, baseline(std::vector<double>{10, 20}, std::vector<double>{10, 40}),
                   {.inputs = {.config = "abc", .weights = "def"}}, from);
  const auto json = nlohmann::json::parse(contents(f.path / "summary.json"));
  CHECK(json["test"]["mae"] == 5);
  CHECK(json["test"]["mae_sd"].get<double>() == doctest::Approx(std::sqrt(2.0)));
  CHECK(json["test"]["r_sd"] == 0);
  CHECK(json["baseline"]["mae"] == 15);
  CHECK(json["baseline"]["r"].is_null());
  CHECK(json["seeds"].size() == 2);
  CHECK(json["seeds"][1]["seed"] == 4);
  CHECK(json["seeds"][1]["mae"] == 6);
  CHECK(json["config_sha256"] == "abc");
  CHECK(json["experiment"] == "mine");
  CHECK(json["loss"] == "simclr");
  CHECK(json["changed_options"] == nlohmann::json{{"seeds", {3, 4}}});
}

TEST_CASE("Recorder: one seed has no standard deviation") {
  const Folder f;
  Recorder recorder(f.path, config, false);
  recorder.summary(std::vector<SeedResult>{one_seed}, {}, {});
  CHECK(nlohmann::json::parse(contents(f.path / "summary.json"))["test"]["mae_sd"].is_null());
}

TEST_CASE("Recorder: the folder of a running run is in use, and free after the run has ended") {
  const Folder f;
  {
    const Recorder first(f.path, config, false);
    CHECK_THROWS_WITH_AS(Recorder(f.path, config, true), doctest::Contains(std::to_string(getpid()).c_str()), Error);
    CHECK(kind([&] { Recorder(f.path, config, false); }) == 9);
  }
  CHECK(kind([&] { Recorder(f.path, config, false); }) == 0);
}

TEST_CASE("Recorder: the lock of a killed run is free") {
  const Folder f;
  int ready[2];
  REQUIRE(pipe(ready) == 0);
  const pid_t child = fork();
  if (child == 0) {
    const Recorder held(f.path, config, false);
    if (write(ready[1], "x", 1) == 1) pause();
    _exit(0);
  }
  char byte;
  REQUIRE(read(ready[0], &byte, 1) == 1);
  CHECK(kind([&] { Recorder(f.path, config, false); }) == 9);
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  CHECK(kind([&] { Recorder(f.path, config, false); }) == 0);
  close(ready[0]);
  close(ready[1]);
}

TEST_CASE("Recorder: a finished run does not change, unless the same configuration overwrites it") {
  const Folder f;
  { Recorder(f.path, config, false).summary(std::vector<SeedResult>{one_seed}, {}, {}); }
  CHECK(kind([&] { Recorder(f.path, config, false); }) == 9);
  Config other;
  other.seeds = {1};
  CHECK(kind([&] { Recorder(f.path, other, true); }) == 9);
  CHECK(fs::exists(f.path / "summary.json"));
  const Recorder again(f.path, config, true);
  CHECK(!fs::exists(f.path / "summary.json"));
}

TEST_CASE("Recorder: a run with a checkpoint can be continued; one without, or one to overwrite, cannot") {
  const Folder f;
  {
    Recorder recorder(f.path, config, false);
    CHECK_FALSE(recorder.resumable());
    recorder.epoch({.seed = 0, .epoch = 1});
  }
  const std::string header = "seed,epoch,loss,learning_rate,neighbours,seconds,mae,validation_mae\n";
  CHECK(contents(f.path / "metrics.csv").size() > header.size());
  CHECK_FALSE(Recorder(f.path, config, false).resumable());
  CHECK(contents(f.path / "metrics.csv") == header);
  for (const bool finished : {false, true}) {
    std::ofstream(f.path / "checkpoint.h5") << "x";
    if (finished)
      std::ofstream(f.path / "summary.json") << "x";
    else
      CHECK(Recorder(f.path, config, false).resumable());
    CHECK_FALSE(Recorder(f.path, config, true).resumable());
    CHECK_FALSE(fs::exists(f.path / "checkpoint.h5"));
  }
}

TEST_CASE("Recorder: a run of an earlier version is continued if its configuration is the same; another is refused") {
  const Folder f;
  { Recorder(f.path, config, false).epoch({.seed = 0, .epoch = 1}); }
  std::ofstream(f.path / "checkpoint.h5") << "x";
  const std::string present = resolved_config(config);
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string text = present;
    const std::size_t at = text.find(from);
    REQUIRE(at != std::string::npos);
    return text.replace(at, from.size(), to);
  };
  const auto continued = [&](const std::string& folder_has, const Config& asked) {
    write_atomically(f.path / "config.resolved.toml", folder_has);
    return kind([&] { Recorder(f.path, asked, false); });
  };
  CHECK(continued(present, config) == 0);
  CHECK(continued(with("# Every option", "# In other words"), config) == 0);
  CHECK(continued(with("formulation = \"published\"", "formulation = \"reference\""), config) == 0);
  CHECK(continued(with("formulation = \"published\"", "formulation = \"paper\""), config) == 9);
  CHECK(continued(with("weight_decay = 5e-05", "weight_decay = 6e-05"), config) == 9);
  const std::string without_order = with("order = \"shuffled\"\n", "");
  CHECK(continued(without_order, config) == 0);
  Config balanced;
  balanced.train.order = SubjectOrder::study_balanced;
  CHECK(continued(without_order, balanced) == 9);
  CHECK(continued(with("order = \"shuffled\"", "ordre = \"shuffled\""), config) == 9);
  CHECK(continued(present + "damaged = \n", config) == 9);
  CHECK(continued("", config) == 9);
}

TEST_CASE(
    "Recorder: a digest is that of the run if this version, or the version that created the folder, computes it") {
  const Folder f;
  const Recorder recorder(f.path, config, false);
  std::string before = resolved_config(config);
  before.erase(before.find("order = "), std::string("order = \"shuffled\"\n").size());
  CHECK(recorder.is_config_digest(config_digest(config)));
  CHECK_FALSE(recorder.is_config_digest(config_digest(config, before)));
  write_atomically(f.path / "config.resolved.toml", before);
  CHECK(recorder.is_config_digest(config_digest(config)));
  CHECK(recorder.is_config_digest(config_digest(config, before)));
  Config other;
  other.seeds = {1};
  CHECK_FALSE(recorder.is_config_digest(config_digest(other)));
  CHECK_FALSE(recorder.is_config_digest(config_digest(other, before)));
}

TEST_CASE(
    "Recorder: --overwrite removes all results first; stopped at any of them, it leaves no old and new ones together") {
  const std::vector<std::string> order = {"checkpoint.h5",    "summary.json",    "model.h5",
                                          "model-seed12.h5",  "embeddings.h5",   "predictions.svg",
                                          "environment.json", "predictions.csv", "metrics.csv"};
  const std::set<std::string> fresh = {".lock", "config.resolved.toml", "metrics.csv", "predictions.csv"};
  for (const std::string& stuck : order) {
    CAPTURE(stuck);
    const Folder f;
    { Recorder(f.path, config, false); }
    for (const std::string& name : order) std::ofstream(f.path / name) << "old";
    for (const char* mine : {"model-old.h5", "notes.txt"}) std::ofstream(f.path / mine) << "mine";
    fs::remove(f.path / stuck);
    fs::create_directories(f.path / stuck / "full");  // cannot be removed
    CHECK(kind([&] { Recorder(f.path, config, true); }) == 8);
    for (const std::string& name : order)
      if (name != stuck && fs::exists(f.path / name)) CHECK(contents(f.path / name) == "old");
    if (stuck != "checkpoint.h5") CHECK_FALSE(fs::exists(f.path / "checkpoint.h5"));
    fs::remove_all(f.path / stuck);
    const bool finished = fs::exists(f.path / "summary.json");
    CHECK(finished == (stuck == "checkpoint.h5"));
    CHECK(kind([&] { Recorder(f.path, config, finished); }) == 0);
    std::set<std::string> left = names(f.path);
    CHECK(left.erase("model-old.h5") + left.erase("notes.txt") == 2);
    CHECK(left == fresh);
  }
}

TEST_CASE("Recorder: temporary files of killed runs are removed, and a summary removes the checkpoint") {
  const Folder f;
  { Recorder(f.path, config, false); }
  std::ofstream(f.path / ".tmp-checkpoint.h5-abcdef") << "half";
  std::ofstream(f.path / "checkpoint.h5") << "x";
  Recorder recorder(f.path, config, false);
  CHECK(names(f.path) ==
        std::set<std::string>{".lock", "checkpoint.h5", "config.resolved.toml", "metrics.csv", "predictions.csv"});
  recorder.summary(std::vector<SeedResult>{one_seed}, {}, {.resumed = 3});
  CHECK_FALSE(fs::exists(f.path / "checkpoint.h5"));
  CHECK(nlohmann::json::parse(contents(f.path / "summary.json"))["resumed"] == 3);
}

TEST_CASE("Recorder: a folder with other files is refused and not changed") {
  const Folder f;
  std::ofstream(f.path / "thesis.txt") << "x";
  CHECK(kind([&] { Recorder(f.path, config, true); }) == 9);
  fs::remove(f.path / "thesis.txt");
  std::ofstream(f.path / ".tmp-config.resolved.toml-abcdef") << "x";  // left by a run that was killed
  CHECK(kind([&] { Recorder(f.path, config, false); }) == 0);
  CHECK(!fs::exists(f.path / ".tmp-config.resolved.toml-abcdef"));
}

TEST_CASE("Recorder: resuming removes the rows after the checkpoint") {
  const Folder f;
  Logs at_checkpoint;
  std::string before;
  {
    Recorder recorder(f.path, config, false);
    recorder.epoch({.seed = 0, .epoch = 1});
    at_checkpoint = recorder.logs();
    before = contents(f.path / "metrics.csv");
    recorder.epoch({.seed = 0, .epoch = 2});
    recorder.predictions(std::vector<PredictionRow>{{0, "a", 1, 2, "test", ""}});
  }
  std::ofstream(f.path / "checkpoint.h5") << "x";
  Recorder recorder(f.path, config, false);
  recorder.rewind(at_checkpoint);
  CHECK(contents(f.path / "metrics.csv") == before);
  CHECK(contents(f.path / "predictions.csv") == "seed,participant_id,age,predicted,part,study\n");
  CHECK(kind([&] { recorder.rewind({.metrics = {100000}}); }) == 4);
  std::string changed = before;
  changed[changed.size() - 2] = '7';
  std::ofstream(f.path / "metrics.csv") << changed;
  CHECK(kind([&] { recorder.rewind(at_checkpoint); }) == 4);
  CHECK(contents(f.path / "metrics.csv") == changed);
  recorder.rewind({});
  CHECK(contents(f.path / "metrics.csv") == "seed,epoch,loss,learning_rate,neighbours,seconds,mae,validation_mae\n");
}

TEST_CASE("Recorder: a folder that cannot be created is an error of storage") {
  const Folder f;
  std::ofstream(f.path / "file") << "x";
  CHECK(kind([&] { Recorder(f.path / "file", config, false); }) == 8);
  CHECK(kind([&] { Recorder(f.path / "file/below", config, false); }) == 8);
  CHECK(kind([&] { Recorder("/proc/cortexgrad", config, false); }) == 8);
}

TEST_CASE("Storage: a write that fails leaves the old file and no temporary file") {
  const Folder f;
  write_atomically(f.path / "x", "old");
  rlimit limit{};
  getrlimit(RLIMIT_FSIZE, &limit);
  const rlimit small{1000, limit.rlim_max};
  signal(SIGXFSZ, SIG_IGN);
  setrlimit(RLIMIT_FSIZE, &small);  // like a full disk: write() fails with EFBIG
  const int whole = kind([&] { write_atomically(f.path / "x", std::string(5000, 'n')); });
  AppendFile log(f.path / "log");
  log.append("first\n");
  const int line = kind([&] { log.append(std::string(5000, 'n') + "\n"); });
  setrlimit(RLIMIT_FSIZE, &limit);
  CHECK(whole == 8);
  CHECK(line == 8);
  CHECK(contents(f.path / "x") == "old");
  CHECK(contents(f.path / "log") == "first\n");
  CHECK(names(f.path) == std::set<std::string>{"log", "x"});
}

TEST_CASE("Storage: a file that exists is replaced only if asked, also if it appears during the work") {
  const Folder f;
  CHECK(kind([&] { require_new(f.path / "x", false); }) == 0);
  CHECK(kind([&] { require_new("", false); }) == 0);
  write_atomically(f.path / "x", "first", false);
  CHECK(kind([&] { require_new(f.path / "x", false); }) == 9);
  CHECK(kind([&] { require_new(f.path / "x", true); }) == 0);
  CHECK(kind([&] { write_atomically(f.path / "x", "second", false); }) == 9);
  CHECK(contents(f.path / "x") == "first");
  CHECK(names(f.path) == std::set<std::string>{"x"});
  write_atomically(f.path / "x", "second", true);
  CHECK(contents(f.path / "x") == "second");
  fs::create_directory(f.path / "empty");
  CHECK(kind([&] { require_new(f.path / "empty", false); }) == 0);
  CHECK(kind([&] { require_new(f.path, false); }) == 9);
  fs::create_symlink("nowhere", f.path / "dangling");
  CHECK(kind([&] { require_new(f.path / "dangling", false); }) == 9);
}

TEST_CASE("Storage: links are not followed, and a replaced file is complete") {
  const Folder f;
  std::ofstream(f.path / "target") << "untouched";
  fs::create_symlink(f.path / "target", f.path / "link");
  CHECK(kind([&] { AppendFile log(f.path / "link"); }) == 8);
  write_atomically(f.path / "link", "new");
  CHECK(contents(f.path / "target") == "untouched");
  CHECK(contents(f.path / "link") == "new");
  write_atomically(f.path / "link", "");
  CHECK(contents(f.path / "link").empty());
}

TEST_CASE("Environment: valid JSON with versions, processor and the unchanged command line") {
  const auto json = nlohmann::json::parse(environment_json({"run", "a \"b\"\n\xff"}, 2, R"({"device": "cpu"})"));
  for (const char* key : {"version", "compiler", "libraries", "processor", "cores", "instruction_sets", "threads",
                          "device", "command", "started"})
    CHECK(json.contains(key));
  CHECK(json["threads"] == 2);
  CHECK(json["command"][0] == "run");
  CHECK(json["cores"]["usable"].get<int>() >= 1);
  CHECK(json["libraries"]["oneDNN"].get<std::string>().starts_with("3."));
}
