// SPDX-License-Identifier: Apache-2.0
#include "experiments/memory/memory_measure.h"

#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>

#include "experiments/training/learner.h"
#include "losses/registry.h"
#include "tensor/backend/cuda_module.h"
#include "tensor/random.h"

namespace cg {
namespace {

Index most_resident() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return Index{usage.ru_maxrss} * 1024;
}

Tensor random_volumes(const Spec& spec) {
  HostBackend host;
  Tensor volumes = host.tensor(spec);
  const auto values = volumes.data<float>();
  const std::size_t subjects = static_cast<std::size_t>(spec.shape[0]), one = values.size() / subjects;
#pragma omp parallel for
  for (std::size_t s = 0; s < subjects; ++s) {
    Random random({.sample = static_cast<std::uint32_t>(s)});
    for (std::size_t k = 0; k < one; ++k) values[s * one + k] = static_cast<float>(2 * random.uniform() - 1);
  }
  return volumes;
}

/// A learner with its memory, and the batch for its training.
class Trial {
 public:
  Trial(Backend& backend, const LearnerOptions& options, const LossOptions& loss, Index subjects)
      : learner_(backend, options, make_loss(loss)),
        volumes_(random_volumes(options.batch_spec(subjects, options.encoded_views))) {
    learner_.reserve(std::span(&subjects, 1), {});
    for (Index i = 0; i < subjects; ++i) ages_.push_back(20 + static_cast<double>(i % 60));
  }
  double seconds_of_step() {
    const auto start = std::chrono::steady_clock::now();
    learner_.step(volumes_, ages_, {.epoch = 1, .max_epochs = 50}, 1e-4);
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  }

 private:
  Learner learner_;
  Tensor volumes_;
  std::vector<double> ages_;
};

/// The highest memory use that NVML reports, read every millisecond during the work.
class NvmlPeak {
 public:
  explicit NvmlPeak(DeviceMeter& meter)
      : peak_(meter.used_by_nvml()), watcher_([this, &meter](std::stop_token asked) {
          while (!asked.stop_requested()) {
            peak_ = std::max(peak_.load(), meter.used_by_nvml());
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
          }
        }) {}
  Index stop() {
    watcher_.request_stop();
    watcher_.join();
    return peak_;
  }

 private:
  std::atomic<Index> peak_;
  std::jthread watcher_;
};

MeasuredMemory measure_on_gpu(Backend& backend, const LearnerOptions& options, const LossOptions& loss,
                              Index subjects) {
  const int steps = backend.traits().warm_up_steps + 2;  // first ordinary steps, then one captured, then one launched
  std::string why;
  const auto meter = cuda_module(why)->make_meter(backend);
  const Index before = meter->used();
  {
    Trial first(backend, options, loss, subjects);  // loads the code of all kernels, which stays loaded
    for (int step = 0; step < steps; ++step) first.seconds_of_step();
  }
  MeasuredMemory measured{.baseline = meter->used(), .baseline_by_nvml = meter->used_by_nvml()};
  measured.beside = measured.baseline - before;
  NvmlPeak nvml(*meter);
  Trial second(backend, options, loss, subjects);
  for (int step = 0; step < steps; ++step) {
    measured.seconds = second.seconds_of_step();
    measured.peak = std::max(measured.peak, meter->used());  // a step keeps its memory for the next step
  }
  measured.peak_by_nvml = nvml.stop();
  return measured;
}

}  // namespace

MeasuredMemory measure_step(Backend& backend, const LearnerOptions& options, const LossOptions& loss, Index subjects) {
  if (backend.device() == Device::cuda) return measure_on_gpu(backend, options, loss, subjects);
  MeasuredMemory measured{.baseline = backend.held_bytes()};
  Trial trial(backend, options, loss, subjects);
  measured.seconds = trial.seconds_of_step();
  measured.peak = most_resident();
  return measured;
}

}  // namespace cg
