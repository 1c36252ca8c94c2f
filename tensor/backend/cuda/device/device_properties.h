// SPDX-License-Identifier: Apache-2.0
// GPUs that can be planned for on machines without them: cuDNN chooses engines and their workspace from the properties
// of a device alone.
#pragma once

#include <string>

#include "tensor/index.h"

namespace cg::cuda {

/// The properties that cuDNN needs, from NVIDIA's data sheets and programming guide.
struct DeviceProperties {
  std::string name;
  int major, minor;  ///< compute capability
  int multiprocessors;
  Index shared_memory;  ///< bytes that a block may use
  Index memory, l2_cache;
  int clock_khz, memory_clock_khz;
};

/// By the end of its name, with or without spaces: "H200", "RTX 4090", "4090". Or by its compute capability, its
/// multiprocessors, and its memory in GB: "8.6:82:24"; the rest is then that of the known device that is nearest.
/// Errors: usage, for another text, and for a device on which code for `architectures` (architectures.h) does not run.
DeviceProperties device_properties(const std::string& name, const std::string& architectures);

/// In cuDNN's format.
std::string to_json(const DeviceProperties& device);

}  // namespace cg::cuda
