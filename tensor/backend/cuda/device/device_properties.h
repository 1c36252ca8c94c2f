// GPUs that can be planned for where there is none: cuDNN chooses engines and says their workspace from a device's
// properties alone.
#pragma once

#include <string>
#include <string_view>

#include "tensor/index.h"

namespace cg::cuda {

/// What cuDNN asks of a device, as NVIDIA's data sheets and programming guide give it.
struct DeviceProperties {
  std::string_view name;
  int major, minor;  ///< compute capability
  int multiprocessors;
  Index shared_memory;  ///< bytes that a block may ask for
  Index memory, l2_cache;
  int clock_khz, memory_clock_khz;
};

/// By the last word of its name: "H200", "A100". Errors: usage, for a device that is not in the table.
const DeviceProperties& device_properties(const std::string& name);

/// As cuDNN reads it.
std::string to_json(const DeviceProperties& device);

}  // namespace cg::cuda
