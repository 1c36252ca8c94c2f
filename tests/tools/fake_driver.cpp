// A driver of NVIDIA's that is none: it answers what it is told to by its environment. The CUDA runtime finds it as
// libcuda.so.1 on LD_LIBRARY_PATH, so that what the programs say of drivers and devices is seen where there are none.
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

/// Everything else is there, and fails.
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
