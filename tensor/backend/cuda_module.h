// The CUDA backend stands in a module of its own, libcortexgrad_cuda.so beside the programs, which is loaded when the
// program runs: the same program works on machines without NVIDIA's libraries. This header is all that both sides
// share. Errors thrown in the module are caught in the program: both compare types by name. Read next:
// tensor/registry.h.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tensor/backend.h"
#include "tensor/ops/conv3d.h"
#include "tensor/registry.h"

namespace cg {

enum class Direction { forward, data_gradient, weight_gradient };
std::string name_of(Direction direction);

/// Which of cuDNN's engines may be chosen, besides what precision and determinism demand.
struct EngineRule {
  struct Engine {
    Direction direction;
    int number;
    bool operator==(const Engine&) const = default;
  };
  Index workspace_limit = Index{512} << 20;  ///< bytes
  std::vector<Engine> denied = {};
};

/// What cuDNN notes of an engine, as far as we ask.
struct EngineNotes {
  bool tensor_cores = false;
  bool deterministic = false;  ///< the same bits every time
  bool exact = false;          ///< rounds neither inputs nor sums to less than asked for
  bool compiled = false;       ///< not when it is first used
};

/// A setting of an engine, by cuDNN's number for it (cudnnBackendKnobType_t).
struct EngineKnob {
  int type;
  Index value;
};

/// How one direction of a convolution is computed.
struct ConvolutionMethod {
  Direction direction;
  int engine;  ///< cuDNN's number
  std::vector<EngineKnob> knobs;
  EngineNotes notes;
  Index engine_workspace;  ///< bytes that the engine asks for
  Index workspace;         ///< the same with packed volumes and weights
};

/// Reads how much of a GPU's memory is in use, by all that runs on it. Must not outlive its backend.
class DeviceMeter {
 public:
  DeviceMeter() = default;
  virtual ~DeviceMeter() = default;
  DeviceMeter(const DeviceMeter&) = delete;
  DeviceMeter& operator=(const DeviceMeter&) = delete;
  virtual Index used() = 0;          ///< bytes, asked of CUDA (cudaMemGetInfo)
  virtual Index used_by_nvml() = 0;  ///< asked of the driver's library NVML; any thread may call it. 0: not there
  virtual std::string properties() const = 0;  ///< of the device, as cuDNN writes them: JSON
};

/// What the module offers. It is never unloaded.
struct CudaModule {
  void (*add_kernels)(Registry&) = nullptr;
  /// Null where no device can be used: none is there, its driver is too old, or cuDNN gives wrong results; `why` then
  /// says so in words. Errors: device, where one is there and fails; memory, where it is full.
  std::unique_ptr<Backend> (*make_backend)(const EngineRule&, std::string& why) = nullptr;
  /// A backend that plans for a device by its name ("H200") and computes nothing: kernels say their workspace.
  std::unique_ptr<Backend> (*make_planner)(const std::string& device, const EngineRule&) = nullptr;
  std::string (*description)() = nullptr;  ///< versions and architectures
  /// Methods of the directions that a step needs. `gradients`: bit 0 for x's, bit 1 for w's. x [n, D, H, W, I].
  std::vector<ConvolutionMethod> (*convolution_methods)(Backend&, const Conv3d&, const Shape& x, const Shape& w, DType,
                                                        unsigned gradients) = nullptr;
  /// For a backend with a device. Errors: device.
  std::unique_ptr<DeviceMeter> (*make_meter)(Backend&) = nullptr;
};

/// The module, loaded at the first call; null where it cannot be: `why` then says so in words.
const CudaModule* cuda_module(std::string& why);

/// Whether NVIDIA's driver is on this machine. Without it nobody needs the module, whose libraries are slow to load.
bool has_cuda_driver();

}  // namespace cg
