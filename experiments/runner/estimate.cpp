// SPDX-License-Identifier: Apache-2.0
#include "experiments/runner/estimate.h"

#include <algorithm>
#include <filesystem>
#include <limits>
#include <vector>

#include "data/loader.h"
#include "experiments/program/stopwatch.h"
#include "experiments/runner/workload.h"
#include "experiments/training/learner.h"
#include "experiments/training/planned_split.h"
#include "experiments/training/setup.h"
#include "losses/registry.h"
#include "tensor/random.h"
#include "tensor/threads.h"

namespace cg {
namespace {

constexpr Index most_measured = 8;               ///< subjects
constexpr int fewest_steps = 3, most_steps = 6;  ///< the shortest counts: other programs disturb the rest
constexpr double enough_seconds = 2;             ///< no further step after these

struct Subjects {
  Index all = 0, training = 0;
};

/// Of the cohort file, or of a phantom that does not exist yet.
Subjects subjects_of(const DataOptions& data) {
  const std::filesystem::path path = cohort_path(data);
  if (!data.cohort.empty() || std::filesystem::exists(path)) {
    const CohortFile file(path.string());
    return {file.size(), static_cast<Index>(split_of(data, file).train.size())};
  }
  return {data.phantom.subjects, planned_training_size(data).value_or(data.phantom.subjects)};
}

Tensor random_volumes(const Spec& spec) {
  HostBackend host;
  Tensor out = host.tensor({spec.shape, DType::f32});
  Random random({.seed = 0});
  for (float& value : out.data<float>()) value = static_cast<float>(random.normal());
  return out;
}

/// Seconds per subject.
Pace measured(const Config& config, Backend& backend, Index subjects) {
  const LearnerOptions options = learner_options(config, volume_shape(config.data), backend, config.seeds.front());
  Learner learner(backend, options, make_loss(config.loss));
  const std::vector<Index> sizes = {subjects};
  learner.reserve(sizes, sizes);
  const Tensor batch = random_volumes(options.batch_spec(subjects, options.encoded_views)),
               encoded = random_volumes(options.batch_spec(subjects, 1));
  std::vector<double> ages;
  for (Index i = 0; i < subjects; ++i) ages.push_back(20 + 7 * static_cast<double>(i));
  const auto of_each = [&](const auto& work) {
    for (int k = 0; k < backend.traits().warm_up_steps; ++k) work();
    double least = std::numeric_limits<double>::infinity();
    const auto begin = Clock::now();
    for (int k = 0; k < most_steps && (k < fewest_steps || seconds_since(begin) < enough_seconds); ++k) {
      const auto start = Clock::now();
      work();
      least = std::min(least, seconds_since(start));
    }
    return least / static_cast<double>(subjects);
  };
  return {.step = of_each([&] {
            learner.step(batch, ages, {1, config.train.epochs}, 0);
          }),
          .encode = of_each([&] { learner.encode(encoded); })};
}

}  // namespace

Estimator::Estimator(const std::string& device) : backend_(choose_backend(device)) {}

double Estimator::seconds(const Config& config) const {
  const Threads threads(config.threads);
  const Subjects subjects = subjects_of(config.data);
  const std::vector<Index> batches = Loader::batch_sizes(subjects.training, config.train.batch_size);
  const Pace each = measured(config, *backend_, std::min(batches.front(), most_measured));
  const double full = static_cast<double>(batches.front());
  return Workload{.config = config,
                  .batches = batches,
                  .subjects = subjects.all,
                  .pace = {.step = each.step * full, .encode = each.encode * full}}
      .all();
}

Demand Estimator::demand(const Config& config) const {
  const Threads threads(config.threads);
  const LearnerOptions options = learner_options(config, volume_shape(config.data), *backend_, config.seeds.front());
  const Index batch = Loader::batch_sizes(subjects_of(config.data).training, config.train.batch_size).front();
  return {StepPlanner(options, *backend_).memory(batch), *backend_};
}

}  // namespace cg
