// SPDX-License-Identifier: Apache-2.0
// GPUs that can be planned for on machines without them: cuDNN chooses engines and their workspace from the properties
// of a device alone.
#pragma once

#include <string>
#include <string_view>

#include "tensor/index.h"

namespace cg::cuda {

/// The properties that cuDNN needs, from NVIDIA's data sheets and programming guide.
struct DeviceProperties {
  std::string_view name;
  int major, minor;  ///< compute capability
  int multiprocessors;
  Index shared_memory;  ///< bytes that a block may use
  Index memory, l2_cache;
  int clock_khz, memory_clock_khz;
};

/// By the last word of its name: "H200", "A100". Errors: usage, for a device that is not in the table.
const DeviceProperties& device_properties(const std::string& name);

/// In cuDNN's format.
std::string to_json(const DeviceProperties& device);

}  // namespace cg::cuda
