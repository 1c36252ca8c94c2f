// SPDX-License-Identifier: Apache-2.0
// The time of a plan, from the trainings that are done and from measured ones.
#include "experiments/run_experiment/study_check.h"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

using namespace cg;

namespace {

namespace fs = std::filesystem;

/// Trainings of 10 epochs; some of them are done.
struct Planned {
  fs::path path = fs::temp_directory_path() / fmt::format("cg-check-{}", getpid());
  StudyPlan plan;
  Planned() { fs::create_directories(path); }
  ~Planned() { fs::remove_all(path); }

  Config& add(double seconds_if_done = 0) {
    Training training;
    training.config.train.epochs = 10;
    training.config.seeds = {static_cast<Index>(plan.trainings.size())};
    training.folder = path / std::to_string(plan.trainings.size());
    plan.trainings.push_back(training);
    seconds_.push_back(seconds_if_done);
    return plan.trainings.back().config;
  }
  PlannedTime time(const std::vector<std::size_t>& trainings, const std::function<double(const Config&)>& measure) {
    for (std::size_t k = 0; k < seconds_.size(); ++k) {
      if (seconds_[k] == 0) continue;
      const Training& training = plan.trainings[k];
      fs::create_directories(training.folder);
      std::ofstream(training.folder / "config.resolved.toml") << resolved_config(training.config);
      std::ofstream(training.folder / "summary.json")
          << fmt::format("{{\"seeds\": [{{\"seed\": {}, \"seconds\": {}}}]}}", k, seconds_[k]);
    }
    return planned_time(plan, trainings, measure);
  }

 private:
  std::vector<double> seconds_;
};

}  // namespace

TEST_CASE("planned time: what is left takes as long per epoch as trainings of the same shape took on average") {
  Planned plan;
  plan.add(20);
  plan.add(40);
  plan.add().train.epochs = 5;
  plan.add().loss.name = "threshold";
  const PlannedTime time = plan.time({0, 1, 2, 3}, [](const Config&) -> double {
    FAIL("nothing has to be measured");
    return 0;
  });
  CHECK(time.seconds == doctest::Approx(3 * 5 + 3 * 10));
  CHECK(time.from_done == 2);
  CHECK(time.from_measure == 0);
}

TEST_CASE("planned time: each other shape is measured once; a shard counts its own trainings alone") {
  Planned plan;
  plan.add(20);
  plan.add().model.width = 8;
  plan.add().model.width = 8;
  plan.add().data.augment.apply = {"noise"};
  plan.add().data.augment.apply = {"crop", "flip"};
  plan.add();
  int measured = 0;
  const auto measure = [&](const Config& config) {
    ++measured;
    return config.model.width == 8 ? 100.0 : 7.0;
  };
  const PlannedTime time = plan.time({0, 1, 2, 3, 4, 5}, measure);
  CHECK(measured == 2);
  CHECK(time.seconds == doctest::Approx(2 * 100 + 2 * 7 + 20));
  CHECK(time.from_done == 1);
  CHECK(time.from_measure == 4);
  CHECK(plan.time({1, 5}, measure).seconds == doctest::Approx(100 + 20));
  CHECK(plan.time({0}, measure).seconds == 0);
}
