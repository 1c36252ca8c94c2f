// SPDX-License-Identifier: Apache-2.0
// What a job may use of this machine. A container (Docker, Apptainer) or a scheduler (Slurm) limits memory and
// processor time by control groups; programs see the whole machine all the same.
#pragma once

#include <filesystem>

#include "tensor/index.h"

namespace cg {

/// Where the kernel describes control groups; tests give other folders.
struct ControlGroupFiles {
  std::filesystem::path membership = "/proc/self/cgroup", mount = "/sys/fs/cgroup";
};

/// Bytes that the control groups of this process leave to it: the least of limit − usage over its group and those
/// above; the largest Index if there is no limit. Page cache counts as free, because the kernel gives it back. Versions
/// 1 and 2.
Index control_group_memory(const ControlGroupFiles& files = {});

/// Processors that this process may use: those of its affinity, or fewer if control groups limit its processor time
/// (half a processor counts as one). At least 1.
int usable_processors(const ControlGroupFiles& files = {});

/// From here on, parallel regions have at most one thread per usable processor, unless OMP_NUM_THREADS is set.
void limit_threads();

}  // namespace cg
