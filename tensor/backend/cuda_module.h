// SPDX-License-Identifier: Apache-2.0
// The CUDA backend is a separate module, libcortexgrad_cuda.so beside the programs. They load it when they run, so that
// the same program works on machines without NVIDIA's libraries. Both sides share this header only. Errors thrown in
// the module are caught in the program, because both compare types by name. Read next: tensor/registry.h.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tensor/backend.h"
#include "tensor/backend/convolution_problem.h"
#include "tensor/ops/conv3d.h"
#include "tensor/registry.h"

namespace cg {

class EngineSweep;  // engine_sweep.h

/// Which of cuDNN's engines may be chosen, in addition to the requirements of precision and determinism.
struct EngineRule {
  struct Engine {
    Direction direction;
    int number;
    bool operator==(const Engine&) const = default;
  };
  Index workspace_limit = Index{512} << 20;  ///< bytes
  std::vector<Engine> denied = {};
};

/// Properties of an engine that cuDNN reports.
struct EngineNotes {
  bool tensor_cores = false;
  bool deterministic = false;  ///< gives the same bits every time
  bool exact = false;          ///< rounds neither inputs nor sums to less than the requested precision
  bool compiled = false;       ///< in advance, not on first use
};

/// A setting of an engine, by cuDNN's number for it (cudnnBackendKnobType_t).
struct EngineKnob {
  int type;
  Index value;
  auto operator<=>(const EngineKnob&) const = default;
};

/// How one direction of a convolution is computed.
struct ConvolutionMethod {
  Direction direction;
  int engine;  ///< cuDNN's number
  std::vector<EngineKnob> knobs;
  EngineNotes notes;
  Index engine_workspace;  ///< bytes that the engine needs
  Index workspace;         ///< the same with packed volumes and weights
  std::string source;      ///< of the engine: "table", "heuristics", or "heuristics; table refused: …"
  /// What the engines compute: several problems if the batch is computed in parts of different sizes. The engine is
  /// that of the first.
  std::vector<ConvolutionProblem> problems;
};

/// Reads how much of a GPU's memory is in use by all processes. Must not outlive its backend.
class DeviceMeter {
 public:
  DeviceMeter() = default;
  virtual ~DeviceMeter() = default;
  DeviceMeter(const DeviceMeter&) = delete;
  DeviceMeter& operator=(const DeviceMeter&) = delete;
  virtual Index used() = 0;                    ///< bytes, from CUDA (cudaMemGetInfo)
  virtual Index used_by_nvml() = 0;            ///< from the driver's library NVML; any thread may call it. 0: no NVML
  virtual std::string properties() const = 0;  ///< of the device, as cuDNN writes them: JSON
};

/// The functions of the module. It is never unloaded.
struct CudaModule {
  void (*add_kernels)(Registry&) = nullptr;
  /// Null if no device can be used: there is none, its driver is too old, or cuDNN gives wrong results; `why` then
  /// gives the reason. Errors: device, if a device is present and fails; memory, if it is full.
  std::unique_ptr<Backend> (*make_backend)(const EngineRule&, std::string& why) = nullptr;
  /// A backend that plans for a device by its name ("H200", "8.6:82:24") and computes nothing. Kernels give their
  /// workspace sizes.
  std::unique_ptr<Backend> (*make_planner)(const std::string& device, const EngineRule&) = nullptr;
  std::string (*description)() = nullptr;  ///< versions and architectures
  /// Methods of the directions that a step needs. `gradients`: bit 0 for x's, bit 1 for w's; `adds`: bit 0 if x's is
  /// added to another. x [n, D, H, W, I].
  std::vector<ConvolutionMethod> (*convolution_methods)(Backend&, const Conv3d&, const Shape& x, const Shape& w, DType,
                                                        unsigned gradients, unsigned adds) = nullptr;
  /// For a backend with a device. Errors: device.
  std::unique_ptr<DeviceMeter> (*make_meter)(Backend&) = nullptr;
  /// All engines that may compute a problem. Without a device they are only listed.
  std::unique_ptr<EngineSweep> (*make_sweep)(Backend&, const ConvolutionProblem&) = nullptr;
};

/// The module, loaded on the first call; null if it cannot be loaded: `why` then gives the reason.
const CudaModule* cuda_module(std::string& why);

/// Whether NVIDIA's driver is on this machine. Without it the module is not loaded, because its libraries load slowly.
bool has_cuda_driver();

}  // namespace cg
