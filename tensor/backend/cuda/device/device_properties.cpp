// SPDX-License-Identifier: Apache-2.0
#include "tensor/backend/cuda/device/device_properties.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <utility>
#include <vector>

#include "tensor/backend/cuda/device/architectures.h"
#include "tensor/error.h"

namespace cg::cuda {
namespace {

constexpr Index kib = 1024, mib = 1024 * kib;

/// Compute capability.
struct Capability {
  int major, minor;
};

/// Shared memory of a block in KiB, memory and second-level cache in MiB, clocks of multiprocessors and memory in MHz.
DeviceProperties known(const char* name, Capability capability, int multiprocessors, Index shared, Index memory,
                       Index cache, int clock, int memory_clock) {
  return {.name = name,
          .major = capability.major,
          .minor = capability.minor,
          .multiprocessors = multiprocessors,
          .shared_memory = shared * kib,
          .memory = memory * mib,
          .l2_cache = cache * mib,
          .clock_khz = clock * 1000,
          .memory_clock_khz = memory_clock * 1000};
}

const std::vector<DeviceProperties>& devices() {
  static const std::vector<DeviceProperties> all = {
      known("NVIDIA A100", {8, 0}, 108, 163, 81920, 40, 1410, 1593),
      known("NVIDIA A30", {8, 0}, 56, 163, 24576, 24, 1440, 1215),
      known("NVIDIA A10", {8, 6}, 72, 99, 24576, 6, 1695, 6251),
      known("NVIDIA A40", {8, 6}, 84, 99, 46068, 6, 1740, 7251),
      known("NVIDIA RTX A6000", {8, 6}, 84, 99, 49140, 6, 1800, 8001),
      known("NVIDIA GeForce RTX 3060", {8, 6}, 28, 99, 12288, 3, 1777, 7501),
      known("NVIDIA GeForce RTX 3090", {8, 6}, 82, 99, 24576, 6, 1695, 9751),
      known("NVIDIA L4", {8, 9}, 58, 99, 23034, 48, 2040, 6251),
      known("NVIDIA L40S", {8, 9}, 142, 99, 46068, 96, 2520, 9001),
      known("NVIDIA GeForce RTX 4090", {8, 9}, 128, 99, 24564, 72, 2520, 10501),
      known("NVIDIA H100", {9, 0}, 132, 227, 81559, 50, 1980, 2619),
      known("NVIDIA H200", {9, 0}, 132, 227, 143771, 60, 1980, 3201),
      known("NVIDIA GeForce RTX 5090", {12, 0}, 170, 99, 32607, 96, 2407, 14001),
      known("NVIDIA T4", {7, 5}, 40, 64, 15360, 4, 1590, 5001),
      known("NVIDIA V100", {7, 0}, 80, 96, 32768, 6, 1530, 877),
  };
  return all;
}

std::string without_spaces(std::string text) {
  std::erase(text, ' ');
  return text;
}

/// Whether a device is called so: by the end of its name that begins with a word.
bool is_called(const DeviceProperties& device, const std::string& name) {
  const std::string wanted = without_spaces(name);
  for (std::size_t space = device.name.find(' '); space != std::string::npos && !wanted.empty();
       space = device.name.find(' ', space + 1))
    if (without_spaces(device.name.substr(space)) == wanted) return true;
  return false;
}

/// "8.6:82:24" as properties; nothing for another text.
std::optional<DeviceProperties> made(const std::string& text) {
  int major = 0, minor = 0, multiprocessors = 0, gigabytes = 0, used = 0;
  if (std::sscanf(text.c_str(), "%d.%d:%d:%d%n", &major, &minor, &multiprocessors, &gigabytes, &used) != 4 ||
      used != static_cast<int>(text.size()) || multiprocessors < 1 || multiprocessors > 1024 || gigabytes < 1 ||
      gigabytes > 4096 || major < 1 || major > 99 || minor < 0 || minor > 9)
    return std::nullopt;
  const auto distance = [&](const DeviceProperties& d) {
    return std::pair(std::abs(10 * d.major + d.minor - 10 * major - minor),
                     std::abs(d.multiprocessors - multiprocessors));
  };
  DeviceProperties out = *std::ranges::min_element(devices(), {}, distance);
  out.name = fmt::format("a GPU with compute capability {}.{} and {} multiprocessors", major, minor, multiprocessors);
  out.major = major;
  out.minor = minor;
  out.multiprocessors = multiprocessors;
  out.memory = gigabytes * Index{1'000'000'000};
  return out;
}

}  // namespace

DeviceProperties device_properties(const std::string& name, const std::string& architectures) {
  std::optional<DeviceProperties> found = made(name);
  std::string names;
  for (const DeviceProperties& device : devices()) {
    if (!found && is_called(device, name)) found = device;
    names += (names.empty() ? "" : ", ") + device.name.substr(device.name.find(' ') + 1);
  }
  if (!found)
    fail(ErrorKind::usage, "device", fmt::format("the properties of '{}' are not known", name),
         "Choose auto, cpu, cuda, reference, one of " + names +
             ", or give compute capability:multiprocessors:memory in GB, for example 8.6:82:24");
  if (!runs_on(10 * found->major + found->minor, architectures))
    fail(ErrorKind::usage, "device",
         fmt::format("{} has compute capability {}.{}, but this program was built for {}", found->name, found->major,
                     found->minor, architectures),
         "Choose another device");
  return *found;
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
