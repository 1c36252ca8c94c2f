#include "experiments/runner/announcement.h"

#include <fmt/format.h>

#include <cstdio>

#include "experiments/runner/progress.h"
#include "experiments/runner/setup.h"

namespace cg {
namespace {

void print_data(const Config& config, const Cohort& cohort) {
  if (cohort.file->synthetic())
    fmt::print(
        "*** SYNTHETIC PHANTOM: these brains are computed, not measured. No figure here says anything of people. "
        "***\n\n");
  const Shape v = cohort.file->volume_shape();
  fmt::print("cohort      {}: {} subjects, {} x {} x {} voxels of {:g} mm\n", cohort.file->path(), cohort.file->size(),
             v[0], v[1], v[2], cohort.file->voxel_mm());
  fmt::print("split       {} to train, {} to test (fold {} of {}, seed {})\n", cohort.split.train.size(),
             cohort.split.test.size(), config.data.fold, config.data.folds, config.data.split_seed);
  if (!config.data.augment.apply.empty())
    fmt::print("augmented   {}; the two views of a subject differ\n", to_string(config.data.augment));
}

}  // namespace

void announce(const Config& config, const RunOptions& options, const Cohort& cohort, Backend& backend, Learner& learner,
              double step_seconds, double left, const std::string& place) {
  const auto subjects = static_cast<Index>(cohort.split.train.size());
  const Index batch = std::min(config.train.batch_size, subjects);
  fmt::print("{}\n", to_string(learner.summary(batch)));
  print_data(config, cohort);
  fmt::print("loss        {}, {}\n", config.loss.name,
             config.loss.formulation == Formulation::paper ? "as printed" : "as in the published code");
  fmt::print("device      {}\n", describe_device(options.device, backend));
  fmt::print("precision   activations in {}\n", name_of(learner.options().activations));
  fmt::print("parameters  {}\n", learner.parameters().trained_count());
  fmt::print("memory      {}\n", to_string(learner.memory(batch)));
  if (cohort.on_device) fmt::print("volumes     all on the device, {} MB\n", megabytes(cohort.on_device->bytes()));
  const double epoch_seconds = step_seconds * static_cast<double>(subjects) / static_cast<double>(batch);
  const auto seeds = static_cast<double>(config.seeds.size()), epochs = static_cast<double>(config.train.epochs);
  fmt::print("time        {:.2f} s a step, {:.1f} s an epoch; {} seed{} of {} epochs{}: about {}\n", step_seconds,
             epoch_seconds, config.seeds.size(), config.seeds.size() == 1 ? "" : "s", config.train.epochs,
             left < 1 ? fmt::format(", {:.0f} % of them left", 100 * left) : "",
             duration(epoch_seconds * epochs * seeds * left));
  fmt::print("results     {}\n", options.out.string());
  if (!place.empty()) fmt::print("resuming    {}\n", place);
  fmt::print("\n");
  std::fflush(stdout);
}

}  // namespace cg
