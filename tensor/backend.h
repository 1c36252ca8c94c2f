// SPDX-License-Identifier: Apache-2.0
// A device: its memory, copies, and what is known of it. Kernels find their device's own state through it.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "tensor/tensor.h"

namespace cg {

/// Work that is repeated with the same tensors; only the numbers in their memory change. The first run creates plans
/// and buffers. A device that can, captures the second run as a graph, and later runs launch that graph.
class CapturedGraph {
 public:
  CapturedGraph() = default;
  virtual ~CapturedGraph() = default;
  CapturedGraph(const CapturedGraph&) = delete;
  CapturedGraph& operator=(const CapturedGraph&) = delete;
  /// Runs `work`, or launches the graph of an earlier run. After the first run `work` must not allocate on the device.
  /// It is not waited for: the caller calls synchronize() before it reads results.
  virtual void run(const std::function<void()>& work) { work(); }
  /// Captures `work` now, without computing anything, if the next run would do so. Graphs that belong together are
  /// prepared one after the other before the first runs: if the device refuses one of them, nothing of the step was
  /// computed, and every run calls its work.
  virtual void prepare(const std::function<void()>& /*work*/) {}
};

/// A point in the order of a device's work.
class DeviceEvent {
 public:
  virtual ~DeviceEvent() = default;
  /// Seconds from an earlier event of the same backend to this one. The device must have reached both: call
  /// synchronize() before.
  virtual double since(const DeviceEvent& earlier) const = 0;
};

/// What is known of a device before it computes anything.
struct DeviceTraits {
  Device device;
  std::string description;             ///< one line: processor, instruction set, threads
  bool has_own_memory = false;         ///< it computes in its own memory: numbers must be copied there
  bool prefers_bfloat16 = false;       ///< it computes in bfloat16 at full speed; decides the default precision
  bool reads_bfloat16_copies = false;  ///< kernels read parameters as bfloat16 beside bfloat16 activations: the update
                                       ///< then keeps a copy of them
  int warm_up_steps = 1;               ///< steps of one size before they take as long as all that follow
};

class Backend;

/// Device memory for host tensors that are copied one after the other while the device computes. It is allocated for
/// the first tensor and again for a larger one. Must not outlive its backend.
class UploadBuffer {
 public:
  explicit UploadBuffer(Backend& backend) : backend_(backend) {}
  virtual ~UploadBuffer() = default;
  UploadBuffer(const UploadBuffer&) = delete;
  UploadBuffer& operator=(const UploadBuffer&) = delete;
  /// Starts the copy of `host` after the device's earlier work on this memory. Errors: memory.
  void start(const Tensor& host);
  /// The tensor on the device. Work that starts after this call sees the copied numbers.
  virtual Tensor take() { return device_; }

 protected:
  /// Starts the copy; this one also completes it.
  virtual void copy(const Tensor& host, Tensor& device);
  /// Returns when no copy to the memory is running.
  virtual void finish() {}

 private:
  Backend& backend_;
  Tensor memory_, device_;
};

class Backend {
 public:
  explicit Backend(DeviceTraits traits) : traits_(std::move(traits)) {}
  virtual ~Backend() = default;
  const DeviceTraits& traits() const { return traits_; }
  Device device() const { return traits_.device; }
  /// Uninitialised memory, aligned to 64 bytes or more, freed with its last owner. Errors: memory.
  virtual std::shared_ptr<std::byte> allocate(Index bytes) = 0;
  /// A tensor in the host memory that this device copies fastest from and to. Any thread may call it.
  virtual Tensor host_tensor(const Spec& spec);
  /// Copies, complete on return. In captured work they are only started, and host tensors must come from host_tensor().
  virtual void to_device(const Tensor& host, Tensor& device) = 0;
  virtual void to_host(const Tensor& device, Tensor& host) = 0;
  /// A tensor of this device with the numbers of a host tensor. Devices that compute in host memory share the memory.
  virtual Tensor from_host(const Tensor& host) = 0;
  /// Concatenates tensors of the host or of this device along the first axis into `buffer`, which is created if it is
  /// empty and must have the right size if not. A single host tensor is shared where from_host() would share it.
  virtual Tensor concatenate(std::span<const Tensor> parts, Tensor& buffer) = 0;
  virtual std::unique_ptr<UploadBuffer> upload_buffer() { return std::make_unique<UploadBuffer>(*this); }
  virtual void fill_zero(Tensor& tensor) = 0;
  /// Writes into `flag`, one double, whether every number of a floating-point tensor is finite: 1, else 0.
  virtual void write_is_finite(const Tensor& tensor, Tensor& flag) = 0;
  bool all_finite(const Tensor& tensor);
  virtual void synchronize() {}
  /// Marks the end of the work that was started so far, without waiting for it.
  virtual std::unique_ptr<DeviceEvent> record_event();
  virtual std::unique_ptr<CapturedGraph> captured_graph() { return std::make_unique<CapturedGraph>(); }
  /// Why graphs were given up, for a warning; empty if they were not. The device then computes kernel by kernel: the
  /// same bits, more slowly.
  virtual std::string capture_refusal() const { return ""; }
  /// Switches graphs off: a device that has them computes kernel by kernel, for tests and measurements.
  virtual void without_graphs() {}
  /// Bytes that could still be allocated now; 0 if unknown.
  virtual Index free_bytes() const { return 0; }
  /// Bytes of the device's memory that this process holds now; 0 if unknown.
  virtual Index held_bytes() const { return 0; }

  Tensor tensor(const Spec& spec) { return {spec, device(), allocate(spec.size_bytes())}; }

 protected:
  DeviceTraits traits_;
};

/// The spec of tensors concatenated along their first axis.
Spec concatenated(std::span<const Tensor> parts);

/// The numbers of a floating-point tensor as doubles on the host; and back.
std::vector<double> to_doubles(Backend& backend, const Tensor& tensor);
void from_doubles(Backend& backend, std::span<const double> values, Tensor& tensor);

/// Host memory: for the reference kernels, and the base of the CPU backend.
class HostBackend : public Backend {
 public:
  explicit HostBackend(Device device = Device::reference)
      : HostBackend(DeviceTraits{device, "plain loops, one value at a time"}) {}
  explicit HostBackend(DeviceTraits traits) : Backend(std::move(traits)) {}
  std::shared_ptr<std::byte> allocate(Index bytes) override;
  void to_device(const Tensor& host, Tensor& device) override;
  void to_host(const Tensor& device, Tensor& host) override;
  Tensor from_host(const Tensor& host) override { return host.on(device()); }
  Tensor concatenate(std::span<const Tensor> parts, Tensor& buffer) override;
  void fill_zero(Tensor& tensor) override;
  void write_is_finite(const Tensor& tensor, Tensor& flag) override;
  /// Linux's estimate of what is available without swapping (MemAvailable), or less if control groups of a container
  /// or a scheduler (job_limits.h) or the address space of the process (ulimit -v) leave less.
  Index free_bytes() const override;
  Index held_bytes() const override;

 protected:
  /// Fails (memory) because an allocation of `bytes` was refused.
  [[noreturn]] void refuse(Index bytes) const;
};

/// Shapes without memory: a model runs on it to record specs, from which autograd/memory_plan.h plans.
class MetaBackend : public Backend {
 public:
  MetaBackend() : Backend({Device::meta, "shapes alone"}) {}
  std::shared_ptr<std::byte> allocate(Index) override { return nullptr; }
  void to_device(const Tensor&, Tensor&) override {}
  void to_host(const Tensor&, Tensor&) override {}
  Tensor from_host(const Tensor& host) override { return {host.spec(), Device::meta, nullptr}; }
  Tensor concatenate(std::span<const Tensor> parts, Tensor&) override {
    return {concatenated(parts), Device::meta, nullptr};
  }
  void fill_zero(Tensor&) override {}
  void write_is_finite(const Tensor&, Tensor&) override {}
};

/// oneDNN and our own kernels on all cores (tensor/backend/cpu).
std::unique_ptr<Backend> make_cpu_backend();

/// Null if CUDA was not built or no device can be used; `why` then gives the reason, without a full stop. Errors:
/// device, if a device is present and fails; memory, if it is full.
std::unique_ptr<Backend> make_cuda_backend(std::string& why);
/// One line: the toolkit, cuDNN and architectures of the CUDA backend, or why there is no such backend.
std::string cuda_description();

}  // namespace cg
