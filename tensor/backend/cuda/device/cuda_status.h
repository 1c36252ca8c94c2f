// SPDX-License-Identifier: Apache-2.0
// The meaning of CUDA's status codes. Numbers and text only, so that the tests need no GPU. Where they are used, a
// check compares the numbers with CUDA's (cuda_call.h).
#pragma once

#include <fmt/format.h>

#include <string>

#include "tensor/index.h"

namespace cg::cuda {

/// Status codes that are treated separately. Every other code except `success` means that the device is lost.
enum class Status : int {
  success = 0,
  out_of_memory = 2,
  stub_driver = 34,
  driver_too_old = 35,
  no_device = 100,
  driver_mismatch = 803,
  driver_not_for_device = 804
};

/// Status codes of the libraries about memory.
enum class CudnnAnswer : int { no_host_memory = 4003, no_device_memory = 4004 };
enum class CublasAnswer : int { no_memory = 3 };

/// Whether memory was missing. The device works after such an error, but not after others.
inline bool lacks_memory(Status status) { return status == Status::out_of_memory; }
inline bool lacks_memory(CudnnAnswer answer) {
  return answer == CudnnAnswer::no_host_memory || answer == CudnnAnswer::no_device_memory;
}
inline bool lacks_memory(CublasAnswer answer) { return answer == CublasAnswer::no_memory; }

/// Whether so few free bytes explain an error that does not name its cause: the code of cuDNN's kernels needs more.
inline bool leaves_no_room(Index free) { return free < (Index{64} << 20); }

/// Versions in CUDA's form: 13.0 is 13000; 0: no driver.
struct CudaVersions {
  int driver, runtime;
};

/// "13.0" of 13000.
inline std::string cuda_version_name(int number) { return fmt::format("{}.{}", number / 1000, number % 1000 / 10); }

/// Whether this status, returned for the number of devices, means that the machine has no usable device. Other codes
/// mean that a device fails.
inline bool has_no_device(Status status) {
  return status == Status::stub_driver || status == Status::driver_too_old || status == Status::no_device ||
         status == Status::driver_mismatch || status == Status::driver_not_for_device;
}

/// Why no device can be used, as text. `status` and `words` are CUDA's for the number of devices; `success`: the number
/// is 0.
inline std::string why_no_device(Status status, const std::string& words, const CudaVersions& versions) {
  switch (status) {
    case Status::success:
    case Status::no_device:
      return "no NVIDIA device is visible";
    case Status::stub_driver:
      return "the NVIDIA driver that was found is a stub for building, not a driver";
    case Status::driver_too_old:
      if (versions.driver == 0) return "no NVIDIA driver responds";
      return fmt::format("the NVIDIA driver is too old: it serves CUDA {}, this program needs {}",
                         cuda_version_name(versions.driver), cuda_version_name(versions.runtime));
    default:
      return words;
  }
}

/// Bytes of device memory.
struct MemoryState {
  Index held, free, total;
};

/// The message for a refused allocation. `asked`: "asked for 1.20 GB".
inline std::string refusal(const std::string& asked, const MemoryState& m) {
  const auto gigabytes = [](Index bytes) { return static_cast<double>(bytes) / 1e9; };
  return fmt::format("{}; this process holds {:.2f} GB, and {:.2f} GB are free of {:.2f} GB", asked, gigabytes(m.held),
                     gigabytes(m.free), gigabytes(m.total));
}

}  // namespace cg::cuda
