#include "experiments/runner/memory_check.h"

#include <fmt/format.h>

#include "data/device_loader.h"
#include "experiments/runner/step_memory.h"
#include "tensor/error.h"

namespace cg {
namespace {

/// What training asks of its device, in bytes.
struct Demand {
  /// Arenas of the threads' allocator (two of 64 MB of address space), libraries' own buffers, gaps between blocks.
  static constexpr Index beside_bytes = 160'000'000;

  Index step, ahead = 0, saving = 0, beside = 0;

  Demand(const StepMemory& memory, const Backend& backend) : step(memory.total()) {
    ahead = (backend.has_own_memory() ? DeviceLoader::places : LoaderOptions{}.prefetch) * memory.volumes;
    if (backend.has_own_memory()) return;  // the rest lies in the host's memory
    const FixedMemory fixed = memory.fixed_sum();
    saving = 2 * (fixed.parameters + fixed.adam);  // a file as HDF5 builds it, and the copy of it that is written
    beside = beside_bytes;
  }
  Index total() const { return step + ahead + saving + beside; }
};

}  // namespace

void require_memory(const LearnerOptions& options, Index batch, Index subjects, Backend& backend) {
  const Index free = backend.free_bytes();
  if (free <= 0) return;  // nobody knows
  StepPlanner planner(options, backend);
  const auto demand = [&](const StepMemory& memory) { return Demand(memory, backend); };
  const Demand asked = demand(planner.memory(batch));
  if (asked.total() <= free) return;
  Index fits = planner.largest_batch(batch, [&](const StepMemory& memory) { return demand(memory).total() <= free; });
  while (fits > 2 && subjects % fits == 1) --fits;  // a last batch of one has nobody to compare with
  fail(ErrorKind::memory, fmt::format("train.batch_size = {}", batch),
       fmt::format("training asks for {} MB of {} memory: {} for a step, {} for batches read ahead, {} for saving, {} "
                   "beside; {} MB are free, {} MB are held by this process",
                   megabytes(asked.total()), name_of(backend.device()), megabytes(asked.step), megabytes(asked.ahead),
                   megabytes(asked.saving), megabytes(asked.beside), megabytes(free), megabytes(backend.held_bytes())),
       fits == 0 || subjects % fits == 1 ? "Lower model.width: not even a small batch fits"
                                         : fmt::format("Set train.batch_size = {}, which fits", fits));
}

}  // namespace cg
