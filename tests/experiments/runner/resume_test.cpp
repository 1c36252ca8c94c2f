// SPDX-License-Identifier: Apache-2.0
// A run that is interrupted and gone on with ends as one that was not: every file, to the bit. Runs in this process, so
// that the interruption comes at a place of our choosing; interruption_test.cpp does it to the real executable.
#include <doctest/doctest.h>
#include <hdf5.h>

#include <algorithm>
#include <functional>

#include "experiments/record/checkpoint.h"
#include "experiments/runner/trainer.h"
#include "tests/data/formats/raw_h5.h"
#include "tests/experiments/runner/tiny_run.h"
#include "tests/support/thrown.h"

using namespace cg;
using namespace cg::test;
namespace fs = std::filesystem;

namespace {

constexpr Index never = 1 << 20;

// One seed asks 9 times in training, 6 while features are kept after epoch 2, and 4 in the evaluation at the end.
const std::string one_seed = "seeds=3 train.epochs=3 evaluation.embeddings_at=2";
const std::string two_seeds =
    "seeds=0,1 train.epochs=3 evaluation.embeddings_at=1,3 evaluation.every=2 evaluation.watch=test";

/// Keeps what a run prints off the test's own output.
class Silence {
 public:
  Silence() : out_(dup(1)), error_(dup(2)) {
    std::fflush(stdout);
    const int nowhere = open("/dev/null", O_WRONLY);
    dup2(nowhere, 1);
    dup2(nowhere, 2);
    close(nowhere);
  }
  ~Silence() {
    std::fflush(stdout);
    dup2(out_, 1);
    dup2(error_, 2);
    close(out_);
    close(error_);
  }
  Silence(const Silence&) = delete;
  Silence& operator=(const Silence&) = delete;

 private:
  int out_, error_;
};

fs::path folder(const std::string& out) { return workplace().folder + "/" + out; }
fs::path checkpoint(const std::string& out) { return folder(out) / "checkpoint.h5"; }

/// Runs into the folder `out`; `stop` is asked before each step and each batch of an evaluation.
void run_asking(const std::string& out, const std::string& more, const std::function<int()>& stop,
                bool overwrite = false, const std::string& cohort = workplace().cohort) {
  const Silence silence;
  const Config config =
      parse_config(read_source(CG_TEST_SOURCE "/experiments/dynlocrep.toml", tiny_options(more, cohort)));
  RunOptions options;
  options.name = "tiny";
  options.device = "cpu";
  options.out = folder(out);
  options.overwrite = overwrite;
  options.stop = stop;
  run_experiment(config, options);
}

/// Runs until it has been asked `polls` times whether to stop, and says yes to the next.
void run_here(const std::string& out, const std::string& more, Index polls = never, bool overwrite = false,
              const std::string& cohort = workplace().cohort) {
  run_asking(
      out, more, [&] { return polls-- > 0 ? 0 : SIGTERM; }, overwrite, cohort);
}

/// The same, and whether it was interrupted.
bool is_interrupted(const std::string& out, const std::string& more, Index polls) {
  try {
    run_here(out, more, polls);
  } catch (const Error& error) {
    REQUIRE_MESSAGE(error.kind() == ErrorKind::interrupted, error.what());
    return true;
  }
  return false;
}

/// All results in a run folder: files as bytes, but for what the clock says, and how often it was resumed.
std::map<std::string, std::string> outcome(const std::string& out) {
  std::map<std::string, std::string> all;
  for (const auto& entry : fs::directory_iterator(folder(out))) {
    const std::string name = entry.path().filename();
    if (name == ".lock" || name == "environment.json" || name == "metrics.csv" || name == "summary.json") continue;
    all[name] = bytes(out + "/" + name);
  }
  for (const auto& row : metrics(out))
    for (const auto& [key, value] : row) all["metrics.csv"] += key + "=" + value + "\n";
  nlohmann::json results = summary(out);
  results.erase("resumed");
  for (auto& seed : results["seeds"]) seed.erase("seconds");
  all["summary.json"] = results.dump();
  return all;
}

/// The files that differ.
std::string differences(const std::map<std::string, std::string>& a, const std::map<std::string, std::string>& b) {
  std::string names;
  for (const auto& [name, content] : a)
    if (!b.contains(name) || b.at(name) != content) names += name + " ";
  for (const auto& [name, content] : b)
    if (!a.contains(name)) names += name + " ";
  return names;
}

/// Exchanges two different voxels of the last map of a cohort file that was opened for it.
void exchange_two_voxels(hid_t file) {
  const hid_t maps = H5Dopen2(file, "maps", H5P_DEFAULT);
  const hid_t space = H5Dget_space(maps);
  std::vector<float> values(static_cast<std::size_t>(H5Sget_simple_extent_npoints(space)));
  REQUIRE(H5Dread(maps, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()) >= 0);
  const auto from = std::find_if(values.rbegin(), values.rend(), [](float v) { return v != 0; });
  std::iter_swap(from, std::find_if(from, values.rend(), [&](float v) { return v != 0 && v != *from; }));
  REQUIRE(H5Dwrite(maps, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()) >= 0);
  H5Sclose(space);
  H5Dclose(maps);
  H5Fclose(file);
}

}  // namespace

TEST_CASE(
    "resuming: a run interrupted before any step, or any batch of an evaluation, gives the uninterrupted results") {
  run_here("straight", one_seed);
  const auto expected = outcome("straight");
  CHECK(expected.size() == 7);
  CHECK(summary("straight")["resumed"] == 0);
  Index polls = 0;
  for (; is_interrupted("broken", one_seed, polls); ++polls) {
    CAPTURE(polls);
    CHECK(fs::exists(checkpoint("broken")));
    CHECK_FALSE(fs::exists(folder("broken") / "summary.json"));
    run_here("broken", one_seed);
    CHECK(differences(outcome("broken"), expected) == "");
    CHECK(summary("broken")["resumed"] == 1);
    fs::remove_all(folder("broken"));
  }
  CHECK(polls == 9 + 3 + 3);
}

TEST_CASE("resuming: two seeds, interrupted many times, give the uninterrupted results") {
  run_here("two-straight", two_seeds);
  int times = 0;
  while (is_interrupted("two-broken", two_seeds, 8)) ++times;  // an evaluation takes 3 in a row
  CHECK(times >= 4);
  CHECK(differences(outcome("two-broken"), outcome("two-straight")) == "");
  CHECK(summary("two-broken")["resumed"] == times);
}

TEST_CASE("resuming: a loss with a queue and a prediction head continues with both") {
  const std::string nnclr = one_seed + " loss.name=nnclr";
  run_here("queue-straight", nnclr);
  REQUIRE(is_interrupted("queue-broken", nnclr, 5));  // in the second epoch
  run_here("queue-broken", nnclr);
  CHECK(differences(outcome("queue-broken"), outcome("queue-straight")) == "");
}

TEST_CASE("resuming: every part of a checkpoint counts: without it or with an older one the results differ") {
  run_here("two-whole", two_seeds);
  const auto expected = outcome("two-whole");
  // Seed 0: 9 steps, and 3 batches of features after each epoch; then epoch 1 of seed 1 with 3 of features.
  constexpr Index second_epoch = 9 + 9 + 3 + 3;
  REQUIRE(is_interrupted("older", two_seeds, second_epoch + 1));
  const Checkpoint older = read_checkpoint(checkpoint("older"));
  REQUIRE(is_interrupted("older", two_seeds, 1));
  const Checkpoint saved = read_checkpoint(checkpoint("older"));
  REQUIRE(std::tuple(saved.run.seed, saved.run.epoch, saved.run.step) == std::tuple(1, 2, 2));
  REQUIRE(std::tuple(older.run.seed, older.run.epoch, older.run.step) == std::tuple(1, 2, 1));

  HostBackend host;
  const auto differs = [&](const std::function<void(Checkpoint&)>& change) {
    fs::remove_all(folder("twin"));
    fs::copy(folder("older"), folder("twin"));
    Checkpoint twin = saved;
    change(twin);
    write_checkpoint(checkpoint("twin"), twin, host);
    run_here("twin", two_seeds);
    return differences(outcome("twin"), expected);
  };
  CHECK(differs([](Checkpoint&) {}) == "");
  for (std::size_t k = 0; k < saved.learner.size(); ++k) {
    CAPTURE(saved.learner[k].name);
    CHECK(differs([&](Checkpoint& c) { c.learner[k].tensor = older.learner[k].tensor; }) != "");
    check_fails([&] { differs([&](Checkpoint& c) { c.learner.erase(c.learner.begin() + static_cast<Index>(k)); }); },
                ErrorKind::corrupt, {saved.learner[k].name, "missing"});
  }
  CHECK(saved.learner.size() == 4);
  CHECK(differs([&](Checkpoint& c) { c.batches_seen = older.batches_seen; }) != "");
  CHECK(differs([&](Checkpoint& c) { c.run.step = older.run.step; }) != "");
  CHECK(differs([&](Checkpoint& c) { c.run.epoch = 3; }) != "");
  CHECK(differs([&](Checkpoint& c) {
          c.run.seed = 0;
          c.run.kept.clear();  // or the same features would be there twice
        }).find("model-seed0.h5") != std::string::npos);
  CHECK(differs([&](Checkpoint& c) { c.run.loss_sum = older.run.loss_sum; }) == "metrics.csv ");
  CHECK(differs([&](Checkpoint& c) { c.run.neighbours = 0; }) == "metrics.csv ");
  CHECK(differs([&](Checkpoint& c) { c.run.logs.metrics = {}; }) == "metrics.csv ");
  CHECK(differs([&](Checkpoint& c) { c.run.logs.predictions = {}; }) == "predictions.csv ");
  CHECK(differs([&](Checkpoint& c) { c.run.results.clear(); }) != "");
  CHECK(differs([&](Checkpoint& c) { c.run.kept.erase(c.run.kept.begin()); }) == "embeddings.h5 ");
  CHECK(differs([&](Checkpoint& c) { c.run.stages.clear(); }) == "summary.json ");
}

TEST_CASE("resuming: the clock's columns add up over an interruption, and lines after the checkpoint are cut off") {
  REQUIRE(is_interrupted("clock", two_seeds, 2));
  Checkpoint saved = read_checkpoint(checkpoint("clock"));
  CHECK(saved.run.epoch_seconds > 0);
  saved.run.epoch_seconds = 1000;
  HostBackend host;
  write_checkpoint(checkpoint("clock"), saved, host);
  std::ofstream(folder("clock") / "metrics.csv", std::ios::app) << "0,1,as after a kill";
  run_here("clock", two_seeds);
  const Rows rows = table("clock/metrics.csv");
  REQUIRE(rows.size() == 6);
  CHECK(std::stod(rows[0].at("seconds")) > 1000);
  double seconds = 0;
  for (std::size_t k = 1; k < 6; ++k) {
    CHECK(std::stod(rows[k].at("seconds")) > 0);
    CHECK(std::stod(rows[k].at("seconds")) < 1000);
    if (k >= 3) seconds += std::stod(rows[k].at("seconds"));
  }
  CHECK(summary("clock")["seeds"][0]["seconds"].get<double>() > 1000);
  const double second_seed = summary("clock")["seeds"][1]["seconds"];  // with its evaluations
  CHECK(second_seed > seconds);
  CHECK(second_seed < 1000);
}

TEST_CASE("resuming: on another device or with another type of activations, a warning names both") {
  const std::string options = one_seed + " model.precision=bfloat16";
  REQUIRE(is_interrupted("moved", options, 5));
  Checkpoint saved = read_checkpoint(checkpoint("moved"));
  REQUIRE(saved.run.stages.size() == 1);
  Stage& stage = saved.run.stages[0];
  const std::string here = stage.device + ", " + stage.precision;
  CHECK(here.starts_with("cpu: "));
  CHECK(here.ends_with(", bfloat16"));
  stage.device = "cpu: an older processor";
  stage.precision = "float32";
  HostBackend host;
  write_checkpoint(checkpoint("moved"), saved, host);
  const Result result = run_tiny("moved", options + " --device cpu");
  REQUIRE_MESSAGE(result.code == 0, result.text);
  const std::string warning = "warning: this run was computed by " + to_string(stage) + " and continues with " + here;
  CHECK_MESSAGE(result.text.find(warning) != std::string::npos, result.text);
  CHECK(result.text.find("resuming    seed 3, epoch 2, step 3\n") != std::string::npos);
}

TEST_CASE("resuming: a run saves at the end of an epoch, before any signal") {
  std::vector<bool> saved;  // before each step and each batch of an evaluation
  run_asking("unasked", one_seed, [&] {
    saved.push_back(fs::exists(checkpoint("unasked")));
    return 0;
  });
  REQUIRE(saved.size() == 9 + 3 + 3);
  CHECK_FALSE(saved[2]);  // the first epoch's last step
  CHECK(saved[3]);        // the second epoch's first one
}

TEST_CASE("resuming: --overwrite starts again, with any checkpoint") {
  REQUIRE(is_interrupted("anew", one_seed, 5));
  std::ofstream(checkpoint("anew")) << "damaged";
  check_fails([] { run_here("anew", one_seed); }, ErrorKind::corrupt, {"anew/checkpoint.h5", "--overwrite"});
  CHECK(bytes("anew/checkpoint.h5") == "damaged");
  run_here("anew", one_seed, never, true);
  CHECK(summary("anew")["resumed"] == 0);
  CHECK(metrics("anew").size() == 3);
}

TEST_CASE("resuming: a run of an earlier version continues, with a former word and without a key that is new") {
  REQUIRE(is_interrupted("earlier", one_seed, 5));
  std::string text = bytes("earlier/config.resolved.toml");
  for (const auto& [now, before] :
       {std::pair<std::string, std::string>{"formulation = \"published\"", "formulation = \"reference\""},
        {"order = \"shuffled\"\n", ""}}) {
    REQUIRE(text.find(now) != std::string::npos);
    text.replace(text.find(now), now.size(), before);
  }
  std::ofstream(folder("earlier") / "config.resolved.toml") << text;
  Checkpoint saved = read_checkpoint(checkpoint("earlier"));
  const std::string digest = config_digest(parse_config({"f.toml", text, {}}), text);
  REQUIRE(saved.inputs.config != digest);
  saved.inputs.config = digest;
  HostBackend host;
  write_checkpoint(checkpoint("earlier"), saved, host);
  run_here("earlier", one_seed);
  CHECK(summary("earlier")["resumed"] == 1);
}

TEST_CASE(
    "resuming: a cohort whose maps changed after the checkpoint is refused, also with their mean and SD the same") {
  const std::string cohort = workplace().folder + "/synthetic-changed.h5",
                    options = one_seed + " data.normalise=subject";
  fs::copy_file(workplace().cohort, cohort);
  const auto run = [&](Index polls) { run_here("changed", options, polls, false, cohort); };
  check_fails([&] { run(5); }, ErrorKind::interrupted, {"saved in"});
  check_fails([&] { run(1); }, ErrorKind::interrupted, {"saved in"});  // unchanged: it continues
  const std::string sealed = workplace().folder + "/synthetic-sealed.h5";
  fs::copy_file(cohort, sealed);
  exchange_two_voxels(open_to_change(cohort));
  check_fails([&] { run(never); }, ErrorKind::data, {"checkpoint.h5", "cohort has changed"});
  fs::copy_file(sealed, cohort, fs::copy_options::overwrite_existing);
  exchange_two_voxels(H5Fopen(cohort.c_str(), H5F_ACC_RDWR, H5P_DEFAULT));
  check_fails([&] { run(never); }, ErrorKind::corrupt, {cohort, "maps[23]", "differs from its SHA-256"});
}

TEST_CASE("resuming: a changed list of test subjects is refused, although the cohort is the same") {
  const std::string list = workplace().folder + "/tested.txt",
                    options = one_seed + " data.split=ids data.test_ids=" + list;
  std::ofstream(list) << "phantom-00001\nphantom-00002\nphantom-00003\nphantom-00004\nphantom-00005\n";
  REQUIRE(is_interrupted("parts", options, 5));
  std::ofstream(list) << "phantom-00001\nphantom-00002\nphantom-00003\nphantom-00004\nphantom-00006\n";
  check_fails([&] { run_here("parts", options); }, ErrorKind::data,
              {"checkpoint.h5", "parts of the cohort have changed"});
}

TEST_CASE("resuming: a checkpoint of another configuration or cohort, or tables cut short, are refused") {
  REQUIRE(is_interrupted("mine", one_seed, 5));
  REQUIRE(is_interrupted("other", "seeds=4 train.epochs=3", 5));
  const std::string good = bytes("mine/checkpoint.h5");
  fs::copy_file(checkpoint("other"), checkpoint("mine"), fs::copy_options::overwrite_existing);
  check_fails([] { run_here("mine", one_seed); }, ErrorKind::in_use, {"checkpoint.h5", "another configuration"});

  std::ofstream(checkpoint("mine"), std::ios::binary) << good;
  HostBackend host;
  Checkpoint changed = read_checkpoint(checkpoint("mine"));
  changed.inputs.cohort = "of another";
  write_checkpoint(checkpoint("mine"), changed, host);
  check_fails([] { run_here("mine", one_seed); }, ErrorKind::data, {"checkpoint.h5", "cohort has changed"});

  changed = read_checkpoint(checkpoint("other"));
  changed.inputs.weights = "of others";
  write_checkpoint(checkpoint("other"), changed, host);
  check_fails([] { run_here("other", "seeds=4 train.epochs=3"); }, ErrorKind::data, {"checkpoint.h5", "have changed"});

  std::ofstream(checkpoint("mine"), std::ios::binary) << good;
  const std::string table = bytes("mine/metrics.csv");
  fs::resize_file(folder("mine") / "metrics.csv", table.size() - 1);
  check_fails([] { run_here("mine", one_seed); }, ErrorKind::corrupt, {"metrics.csv", "--overwrite"});
  std::ofstream(folder("mine") / "metrics.csv") << table;
  CHECK_NOTHROW(run_here("mine", one_seed));
}
