// SPDX-License-Identifier: Apache-2.0
#include "tensor/backend/cuda/device/device_properties.h"

#include <fmt/format.h>

#include "tensor/error.h"

namespace cg::cuda {
namespace {

constexpr Index kib = 1024, mib = 1024 * kib;

constexpr DeviceProperties devices[] = {
    {.name = "NVIDIA A100",
     .major = 8,
     .minor = 0,
     .multiprocessors = 108,
     .shared_memory = 163 * kib,
     .memory = 81'920 * mib,
     .l2_cache = 40 * mib,
     .clock_khz = 1'410'000,
     .memory_clock_khz = 1'593'000},
    {.name = "NVIDIA H100",
     .major = 9,
     .minor = 0,
     .multiprocessors = 132,
     .shared_memory = 227 * kib,
     .memory = 81'559 * mib,
     .l2_cache = 50 * mib,
     .clock_khz = 1'980'000,
     .memory_clock_khz = 2'619'000},
    {.name = "NVIDIA H200",
     .major = 9,
     .minor = 0,
     .multiprocessors = 132,
     .shared_memory = 227 * kib,
     .memory = 143'771 * mib,
     .l2_cache = 60 * mib,
     .clock_khz = 1'980'000,
     .memory_clock_khz = 3'201'000},
};

}  // namespace

const DeviceProperties& device_properties(const std::string& name) {
  std::string known;
  for (const DeviceProperties& device : devices) {
    if (device.name.ends_with(" " + name)) return device;
    known += (known.empty() ? "" : ", ") + std::string(device.name.substr(device.name.find(' ') + 1));
  }
  fail(ErrorKind::usage, "device", fmt::format("the properties of '{}' are not known", name), "Choose one of " + known);
}

std::string to_json(const DeviceProperties& d) {
  constexpr int driver = 13000;  // a driver that serves CUDA 13.0
  return fmt::format(
      R"({{"deviceVer":{},"driverVer":{},"cudaDeviceId":0,"deviceName":"{}","pciDeviceId":0,"isTccDriver":0,)"
      R"("multiProcessorCount":{},"warpSize":32,"maxGridSize":[2147483647,65535,65535],"maxBlockSize":[1024,1024,64],)"
      R"("maxThreadsPerBlock":1024,"maxThreadsPerSM":2048,"maxCtasPerSM":32,"regsPerBlock":65536,)"
      R"("maxRegistersPerSM":65536,"maxSharedMemoryPerBlock":49152,"maxSharedMemoryPerBlockOptin":{},)"
      R"("reservedSharedMemoryPerBlock":1024,"supportCoopLaunch":1,"smClockRateKHz":{},"memClockRateKHz":{},)"
      R"("l2CacheSize":{},"totalGlobalMem":{}}})",
      100 * d.major + 10 * d.minor, driver, d.name, d.multiprocessors, d.shared_memory, d.clock_khz, d.memory_clock_khz,
      d.l2_cache, d.memory);
}

}  // namespace cg::cuda
