// SPDX-License-Identifier: Apache-2.0
#include "tensor/backend/cuda/device_meter.h"

#include <cuda_runtime_api.h>
#include <dlfcn.h>

#include <array>

#include "tensor/backend/cuda/cuda_backend.h"
#include "tensor/error.h"

namespace cg::cuda {
namespace {

void check(cudaError_t status, const std::string& what) {
  if (status != cudaSuccess) fail(ErrorKind::device, "cuda", what + " failed: " + cudaGetErrorString(status));
}

/// The driver's management library, as much of it as tells a device's memory. The toolkit has no header for it.
class Nvml {
 public:
  explicit Nvml(const char* bus) {
    library_ = dlopen("libnvidia-ml.so.1", RTLD_NOW | RTLD_LOCAL);
    if (!library_) return;
    find(init_, "nvmlInit_v2");
    find(find_device_, "nvmlDeviceGetHandleByPciBusId_v2");
    find(memory_, "nvmlDeviceGetMemoryInfo");
    find(shut_down_, "nvmlShutdown");
    if (!init_ || !find_device_ || !memory_ || !shut_down_ || init_() != success) return;
    started_ = true;
    if (find_device_(bus, &device_) != success) device_ = nullptr;
  }
  ~Nvml() {
    if (started_) shut_down_();
    if (library_) dlclose(library_);
  }
  Nvml(const Nvml&) = delete;
  Nvml& operator=(const Nvml&) = delete;

  /// 0 where it cannot say.
  Index used() const {
    Memory memory;
    return device_ && memory_(device_, &memory) == success ? static_cast<Index>(memory.used) : 0;
  }

 private:
  static constexpr int success = 0;
  struct Memory {  // nvmlMemory_t
    unsigned long long total = 0, free = 0, used = 0;
  };

  template <class Function>
  void find(Function& function, const char* name) {
    function = reinterpret_cast<Function>(dlsym(library_, name));
  }

  void* library_ = nullptr;
  void* device_ = nullptr;  // nvmlDevice_t
  int (*init_)() = nullptr;
  int (*find_device_)(const char*, void**) = nullptr;
  int (*memory_)(void*, Memory*) = nullptr;
  int (*shut_down_)() = nullptr;
  bool started_ = false;
};

/// The PCI bus on which the current device sits, as NVML names it.
std::string bus_of_device() {
  std::array<char, 32> bus{};
  check(cudaDeviceGetPCIBusId(bus.data(), bus.size(), 0), "reading the GPU's bus address");
  return bus.data();
}

class CudaMeter final : public DeviceMeter {
 public:
  explicit CudaMeter(cudnnHandle_t cudnn) : cudnn_(cudnn), nvml_(bus_of_device().c_str()) {}

  Index used() override {
    std::size_t free = 0, total = 0;
    check(cudaMemGetInfo(&free, &total), "reading the GPU's free memory");
    return static_cast<Index>(total - free);
  }
  Index used_by_nvml() override { return nvml_.used(); }
  std::string properties() const override {
    Descriptor device(CUDNN_BACKEND_DEVICEPROP_DESCRIPTOR);
    device.set(CUDNN_ATTR_DEVICEPROP_HANDLE, cudnn_).finalise();
    const auto text = device.get<char>(CUDNN_ATTR_DEVICEPROP_JSON_REPRESENTATION);
    const std::string json(text.begin(), text.end());
    return json.substr(0, json.find('\0'));
  }

 private:
  cudnnHandle_t cudnn_;
  Nvml nvml_;
};

}  // namespace

std::unique_ptr<DeviceMeter> make_meter(Backend& backend) {
  if (!of(backend).cudnn())
    fail(ErrorKind::device, "GPU memory",
         backend.traits().description + " is used for planning only: no memory is in use",
         "Measure on a machine with the device.");
  return std::make_unique<CudaMeter>(of(backend).cudnn());
}

}  // namespace cg::cuda
