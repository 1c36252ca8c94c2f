#include "experiments/analysis/memory_measure.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <chrono>

#include "experiments/runner/learner.h"
#include "tensor/error.h"
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

}  // namespace

MeasuredMemory measure_step(Backend& backend, const LearnerOptions& options, std::unique_ptr<Loss> loss,
                            Index subjects) {
  if (backend.device() == Device::cuda)
    fail(ErrorKind::device, "--measure", "the memory of a GPU is not that of this process",
         "Leave --measure out, or give --device cpu.");
  MeasuredMemory measured{.baseline = backend.held_bytes()};
  Learner learner(backend, options, std::move(loss));
  learner.reserve(std::span(&subjects, 1), {});
  const Tensor volumes = random_volumes(options.batch_spec(subjects, options.encoded_views));
  std::vector<double> ages;
  for (Index i = 0; i < subjects; ++i) ages.push_back(20 + static_cast<double>(i % 60));
  const auto start = std::chrono::steady_clock::now();
  learner.step(volumes, ages, {.epoch = 1, .max_epochs = 50, .rate = 1e-4});
  measured.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  measured.peak = most_resident();
  return measured;
}

}  // namespace cg
