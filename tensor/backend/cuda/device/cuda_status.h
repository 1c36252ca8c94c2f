// What CUDA's answers mean for us. Numbers and words alone, so that the tests need no GPU; that the numbers are CUDA's
// is checked where they are used (cuda_call.h).
#pragma once

#include <fmt/format.h>

#include <string>

#include "tensor/index.h"

namespace cg::cuda {

/// Answers that mean something of their own. Every other but `success` stays: the device is lost.
enum class Status : int {
  success = 0,
  out_of_memory = 2,
  stub_driver = 34,
  driver_too_old = 35,
  no_device = 100,
  driver_mismatch = 803,
  driver_not_for_device = 804
};

/// Answers of the libraries that tell of memory.
enum class CudnnAnswer : int { no_host_memory = 4003, no_device_memory = 4004 };
enum class CublasAnswer : int { no_memory = 3 };

/// Whether memory is what failed: an error that passes, where any other stays.
inline bool lacks_memory(Status status) { return status == Status::out_of_memory; }
inline bool lacks_memory(CudnnAnswer answer) {
  return answer == CudnnAnswer::no_host_memory || answer == CudnnAnswer::no_device_memory;
}
inline bool lacks_memory(CublasAnswer answer) { return answer == CublasAnswer::no_memory; }

/// Versions as CUDA counts them: 13.0 is 13000; 0: there is none.
struct CudaVersions {
  int driver, runtime;
};

/// "13.0" of 13000.
inline std::string cuda_version_name(int number) { return fmt::format("{}.{}", number / 1000, number % 1000 / 10); }

/// Whether a machine that answers so when it is asked for its devices has none that this program could use. Any other
/// answer is a device's that fails.
inline bool has_no_device(Status status) {
  return status == Status::stub_driver || status == Status::driver_too_old || status == Status::no_device ||
         status == Status::driver_mismatch || status == Status::driver_not_for_device;
}

/// Why no device can be used, in words. `answer` and its words are those of CUDA when it was asked for its devices;
/// `success`: it has none.
inline std::string why_no_device(Status status, const std::string& words, const CudaVersions& versions) {
  switch (status) {
    case Status::success:
    case Status::no_device:
      return "no NVIDIA device is visible";
    case Status::stub_driver:
      return "the NVIDIA driver that was found is a stub for building, not a driver";
    case Status::driver_too_old:
      if (versions.driver == 0) return "no NVIDIA driver answers";
      return fmt::format("the NVIDIA driver is too old: it serves CUDA {}, this program needs {}",
                         cuda_version_name(versions.driver), cuda_version_name(versions.runtime));
    default:
      return words;
  }
}

/// Bytes of a device's memory.
struct MemoryState {
  Index held, free, total;
};

/// What is said where memory is refused. `asked`: "asked for 1.20 GB".
inline std::string refusal(const std::string& asked, const MemoryState& m) {
  const auto gigabytes = [](Index bytes) { return static_cast<double>(bytes) / 1e9; };
  return fmt::format("{}, holding {:.2f} GB, {:.2f} GB are free of {:.2f} GB", asked, gigabytes(m.held),
                     gigabytes(m.free), gigabytes(m.total));
}

}  // namespace cg::cuda
