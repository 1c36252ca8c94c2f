// Runs what may crash on hostile input in a process of its own, which can neither open a file or a connection nor take
// much memory or time: what a library does there to a bad file ends there. Read next: hdf5_weights.h, which uses it.
#pragma once

#include <functional>
#include <string>

#include "tensor/index.h"

namespace cg {

struct Confinement {
  std::string path;        ///< of the file that is read, for messages
  Index memory_bytes = 0;  ///< beyond what this process has now
  Index answer_bytes = 0;  ///< the most that comes back
  int processor_seconds = 60;
};

/// What `body` returns. It runs in a child that sees a copy of this process's memory; of the kernel's services it has
/// memory and the end of the process alone (seccomp), and it leaves no core file. Only the calling thread goes with it:
/// `body` must not wait for another, and the caller holds the locks that `body` needs. Linux on x86-64.
/// Errors: those that `body` throws; corrupt, if it crashes, takes too long or asks for too much memory; memory, if the
/// child cannot be made.
std::string confined(const Confinement& confinement, const std::function<std::string()>& body);

}  // namespace cg
