// SPDX-License-Identifier: Apache-2.0
#include "experiments/training/memory_check.h"

#include <fmt/format.h>

#include <utility>

#include "data/device_loader.h"

namespace cg {
namespace {

/// In the host's memory: arenas of the threads' allocator (two of 64 MB of address space), libraries' own buffers, gaps
/// between blocks.
constexpr Index beside_on_host = 160'000'000;

/// In a device's memory: the code of cuDNN's, cuBLAS's and our kernels, which CUDA loads when they first run, the
/// handles' own buffers, CUDA graphs. An estimate: no card was there to measure it. `profile_memory --measure` says
/// what it really is (measured.beside), and the GPU check fails where it is more than this.
constexpr Index beside_on_device = 500'000'000;

/// The largest batch that fits and leaves no last batch of one, which cannot be compared with others; 0: none.
Index batch_that_fits(const MemoryJob& job, StepPlanner& planner, Index free) {
  const auto fits = [&](const StepMemory& memory) { return Demand(memory, job.backend).total() <= free; };
  Index batch = planner.largest_batch(job.batch, fits);
  while (batch > 2 && job.subjects % batch == 1) --batch;
  return batch == 0 || job.subjects % batch == 1 ? 0 : batch;
}

/// The first value of train.recompute, after that of the job, with which the asked batch fits; "" if there is none.
std::string recompute_that_fits(const MemoryJob& job, Index free) {
  LearnerOptions options = job.options;
  for (const auto& [recompute, name] : {std::pair(Recompute::stem, "stem"), std::pair(Recompute::layer1, "layer1")}) {
    if (recompute <= job.options.model.recompute) continue;
    options.model.recompute = recompute;
    if (Demand(StepPlanner(options, job.backend).memory(job.batch), job.backend).total() <= free) return name;
  }
  return "";
}

/// `batch`: one that fits.
std::string advice(const MemoryJob& job, Index batch, Index free) {
  const std::string smaller = fmt::format("set train.batch_size = {}, which fits", batch);
  if (const std::string recompute = recompute_that_fits(job, free); !recompute.empty())
    return fmt::format("Set train.recompute = \"{}\": this batch then fits, and the results are the same{}", recompute,
                       batch == 0 ? "" : "; or " + smaller);
  return batch == 0 ? "Lower model.width: not even a small batch fits" : "S" + smaller.substr(1);
}

std::string where(const MemoryJob& job) { return fmt::format("train.batch_size = {}", job.batch); }

}  // namespace

Demand::Demand(const StepMemory& memory, const Backend& backend) : step(memory.total()) {
  if (backend.traits().has_own_memory) {
    ahead = BatchBuffers::number * memory.volumes;
    beside = beside_on_device;
    return;  // what is saved lies in the host's memory
  }
  const FixedMemory fixed = memory.fixed_sum();
  ahead = LoaderOptions{}.prefetch * memory.volumes;
  saving = 2 * (fixed.parameters + fixed.adam);  // a file as HDF5 builds it, and the copy of it that is written
  beside = beside_on_host;
}

std::string to_string(const Demand& demand) {
  return fmt::format("{} MB for a step, {} MB for batches read ahead, {} MB for saving, {} MB for libraries",
                     megabytes(demand.step), megabytes(demand.ahead), megabytes(demand.saving),
                     megabytes(demand.beside));
}

Index require_memory(const MemoryJob& job) {
  const Index free = job.backend.free_bytes();
  if (free <= 0) return 0;  // unknown
  StepPlanner planner(job.options, job.backend);
  const Demand asked(planner.memory(job.batch), job.backend);
  if (asked.total() <= free) return free - asked.total();
  fail(ErrorKind::memory, where(job),
       fmt::format("training needs {} MB of {} memory: {}; {} MB are free, {} MB are held by this process",
                   megabytes(asked.total()), name_of(job.backend.device()), to_string(asked), megabytes(free),
                   megabytes(job.backend.held_bytes())),
       advice(job, batch_that_fits(job, planner, free), free));
}

void name_batch_that_fits(const Error& error, const MemoryJob& job) {
  const Index free = job.backend.free_bytes();
  StepPlanner planner(job.options, job.backend);
  const Index batch = free > 0 ? batch_that_fits(job, planner, free) : job.batch;
  // Where the batch itself would fit now, another lack stood in its way: of the host's memory, or for a moment.
  fail(error.kind(), where(job), error.where() + ": " + error.found(),
       batch == job.batch ? error.fix() : advice(job, batch, free));
}

}  // namespace cg
