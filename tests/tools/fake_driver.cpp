// SPDX-License-Identifier: Apache-2.0
// A fake NVIDIA driver: its environment sets its answers. The CUDA runtime finds it as
// libcuda.so.1 on LD_LIBRARY_PATH, so that messages about drivers and devices can be tested without a GPU.
#include <cstdlib>
#include <cstring>

namespace {

constexpr int unknown_error = 999;

int told(const char* name, int otherwise) {
  const char* value = std::getenv(name);
  return value ? std::atoi(value) : otherwise;
}

int refuse() { return unknown_error; }

}  // namespace

extern "C" {

int cuDriverGetVersion(int* version) {
  *version = told("MADE_UP_DRIVER_VERSION", 13000);
  return 0;
}

int cuInit(unsigned) { return told("MADE_UP_DRIVER_ANSWER", 0); }

/// All other functions exist, and fail.
int cuGetProcAddress_v2(const char* name, void** function, int, unsigned long, int* found) {
  if (found) *found = 0;
  if (std::strcmp(name, "cuInit") == 0)
    *function = reinterpret_cast<void*>(cuInit);
  else if (std::strcmp(name, "cuDriverGetVersion") == 0)
    *function = reinterpret_cast<void*>(cuDriverGetVersion);
  else if (std::strcmp(name, "cuGetProcAddress") == 0)
    *function = reinterpret_cast<void*>(cuGetProcAddress_v2);
  else
    *function = reinterpret_cast<void*>(refuse);
  return 0;
}

int cuGetProcAddress(const char* name, void** function, int version, unsigned long flags) {
  return cuGetProcAddress_v2(name, function, version, flags, nullptr);
}
}
