#include "experiments/runner/memory_check.h"

#include <fmt/format.h>

#include "data/loader.h"
#include "experiments/runner/step_memory.h"
#include "tensor/error.h"

namespace cg {
namespace {

/// What training asks for, in bytes.
struct Demand {
  Index step, ahead, saving;

  explicit Demand(const StepMemory& memory)
      : step(memory.total()), ahead(LoaderOptions{}.prefetch * memory.volumes), saving(memory.fixed_sum().total()) {}
  Index total() const { return step + ahead + saving; }
};

}  // namespace

void require_memory(const LearnerOptions& options, Index batch, Index subjects, Backend& backend) {
  const Index free = backend.free_bytes();
  if (free <= 0) return;  // nobody knows
  StepPlanner planner(options, backend);
  const Demand asked(planner.memory(batch));
  if (asked.total() <= free) return;
  Index fits = planner.largest_batch(free - asked.ahead - asked.saving, batch);
  while (fits > 2 && subjects % fits == 1) --fits;  // a last batch of one has nobody to compare with
  fail(ErrorKind::memory, fmt::format("train.batch_size = {}", batch),
       fmt::format(
           "training asks for {} MB of {} memory: {} for a step, {} for batches read ahead, {} for saving; {} MB "
           "are free, {} MB are held by this process",
           megabytes(asked.total()), name_of(backend.device()), megabytes(asked.step), megabytes(asked.ahead),
           megabytes(asked.saving), megabytes(free), megabytes(backend.held_bytes())),
       fits == 0 || subjects % fits == 1 ? "Lower model.width: not even a small batch fits"
                                         : fmt::format("Set train.batch_size = {}, which fits", fits));
}

}  // namespace cg
