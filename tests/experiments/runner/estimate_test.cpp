// SPDX-License-Identifier: Apache-2.0
// Time and memory of a run before it exists.
#include "experiments/runner/estimate.h"

#include <doctest/doctest.h>

#include <filesystem>

#include "experiments/training/cohort.h"
#include "experiments/training/learner_options.h"
#include "experiments/training/setup.h"
#include "tensor/error.h"
#include "tensor/threads.h"

using namespace cg;

namespace {

/// On a phantom that no other test creates: 32 of its 40 subjects train.
Config tiny() {
  Config config;
  config.threads = 1;
  config.data.phantom.subjects = 40;
  config.data.phantom.voxel_mm = 15.25;
  config.model.width = 4;
  config.model.embedding = 8;
  config.train.batch_size = 16;
  config.train.epochs = 10;
  return config;
}

}  // namespace

TEST_CASE("estimate: the memory is that of the plan of a full batch, and the cohort is not created for it") {
  const Config config = tiny();
  REQUIRE_FALSE(std::filesystem::exists(cohort_path(config.data)));
  const Threads threads(config.threads);  // the plan depends on them
  const Estimator estimator("cpu");
  const auto backend = choose_backend("cpu");
  const LearnerOptions options = learner_options(config, volume_shape(config.data), *backend, 0);
  CHECK(estimator.demand(config).total() == Demand(StepPlanner(options, *backend).memory(16), *backend).total());
  Config larger = config;
  larger.train.batch_size = 32;
  CHECK(estimator.demand(larger).total() > estimator.demand(config).total());
  CHECK_FALSE(std::filesystem::exists(cohort_path(config.data)));
}

TEST_CASE("estimate: the time is that of all epochs and seeds") {
  Config config = tiny();
  const Estimator estimator("cpu");
  const double once = estimator.seconds(config);
  CHECK(once > 0);
  config.train.epochs = 4000;
  config.seeds = {0, 1};
  const double longer = estimator.seconds(config);
  CAPTURE(once);
  CAPTURE(longer);
  CHECK(longer > 80 * once);  // 800 times the steps; another program may disturb the first measurement
}

TEST_CASE("estimate: a cohort that is missing is reported") {
  Config config = tiny();
  config.data.cohort = "/nowhere/maps.h5";
  CHECK_THROWS_AS(Estimator("cpu").seconds(config), Error);
}
