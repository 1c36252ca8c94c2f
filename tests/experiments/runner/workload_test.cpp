// SPDX-License-Identifier: Apache-2.0
#include "experiments/runner/workload.h"

#include <doctest/doctest.h>

using namespace cg;

namespace {

/// Two seeds of five epochs, each with steps of 2, 2 and 1 s; an evaluation of 12 subjects takes 1.5 s.
Config five_epochs() {
  Config config;
  config.seeds = {0, 1};
  config.train.epochs = 5;
  config.evaluation.every = 2;
  config.evaluation.embeddings_at = {1, 4, 9};
  return config;
}

Workload workload(const Config& config) {
  return {.config = config, .batches = {8, 8, 4}, .subjects = 12, .pace = {.step = 2, .encode = 1}};
}

}  // namespace

TEST_CASE("Workload: evaluations are those of `every`, of the last epoch and of kept features, each epoch once") {
  const Config config = five_epochs();
  CHECK(workload(config).evaluations() == 4);  // after epochs 1, 2, 4 and 5
  Config last = config;
  last.evaluation.every = 0;
  last.evaluation.embeddings_at = {};
  CHECK(workload(last).evaluations() == 1);
}

TEST_CASE("Workload: the time is that of all steps, the short batch's share included, and of all evaluations") {
  const Config config = five_epochs();
  const Workload work = workload(config);
  CHECK(work.epoch() == 5);
  CHECK(work.evaluation() == 1.5);
  CHECK(work.encode_batch() == 0.75);  // in batches of 8 and 4
  CHECK(work.all() == 2 * (5 * 5 + 4 * 1.5));
}

TEST_CASE("Workload: before a position is the work of earlier seeds, epochs, evaluations and steps") {
  const Config config = five_epochs();
  const Workload work = workload(config);
  RunState at;
  CHECK(work.before(at) == 0);
  at.epoch = 3;
  CHECK(work.before(at) == 2 * 5 + 2 * 1.5);
  at.step = 3;  // its evaluation, if there were one, comes next
  CHECK(work.before(at) == 3 * 5 + 2 * 1.5);
  at.seed = 1;
  CHECK(work.before(at) == work.all() / 2 + 3 * 5 + 2 * 1.5);
  at = {};
  at.seed = 2;
  CHECK(work.before(at) == work.all());
}
