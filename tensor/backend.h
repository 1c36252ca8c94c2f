// A device's memory: allocation and copies. Kernels find their device's own state through it.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "tensor/tensor.h"

namespace cg {

/// Work that is done again and again with the same tensors; what changes lies in their memory. A device may note down
/// what the work starts, and repeat that by itself.
class CapturedGraph {
 public:
  CapturedGraph() = default;
  virtual ~CapturedGraph() = default;
  CapturedGraph(const CapturedGraph&) = delete;
  CapturedGraph& operator=(const CapturedGraph&) = delete;
  /// Does `work`, or what it did before. Work must not allocate on the device after the first time, and waits for
  /// nothing: whoever wants its results calls synchronize().
  virtual void run(const std::function<void()>& work) { work(); }
};

/// What is known of a device before it computes anything.
struct DeviceTraits {
  Device device;
  std::string description;             ///< one line: processor, instruction set, threads
  bool has_own_memory = false;         ///< it computes in memory of its own: numbers must be copied there
  bool prefers_bfloat16 = false;       ///< it computes in bfloat16 at full speed; decides the default precision
  bool reads_bfloat16_copies = false;  ///< kernels read parameters as bfloat16 beside bfloat16 activations: the update
                                       ///< then keeps a copy of them
  int warm_up_steps = 1;               ///< steps of one size before they take as long as all that follow
};

class Backend;

/// Memory of a device to which tensors of the host are brought, one after the other, while the device computes. It is
/// asked for when the first comes, or a larger one than ever before. Must not outlive its backend.
class UploadBuffer {
 public:
  explicit UploadBuffer(Backend& backend) : backend_(backend) {}
  virtual ~UploadBuffer() = default;
  UploadBuffer(const UploadBuffer&) = delete;
  UploadBuffer& operator=(const UploadBuffer&) = delete;
  /// Starts to copy `host`, once all of the device's work so far is done with what lies here. Errors: memory.
  void start(const Tensor& host);
  /// The tensor on the device: whatever is computed from now on finds its numbers there.
  virtual Tensor take() { return device_; }

 protected:
  /// Starts the copy; here, does it.
  virtual void copy(const Tensor& host, Tensor& device);
  /// Returns when nothing copies to the memory any more.
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
  /// Uninitialised memory, aligned to 64 bytes or more, freed with its last owner. Throws (kind memory).
  virtual std::shared_ptr<std::byte> allocate(Index bytes) = 0;
  /// A tensor in the host's memory from which, and to which, this device copies fastest. Any thread may call it.
  virtual Tensor host_tensor(const Spec& spec);
  /// Copies. Done when they return, but in captured work: there host tensors must be host_tensor()'s.
  virtual void to_device(const Tensor& host, Tensor& device) = 0;
  virtual void to_host(const Tensor& device, Tensor& host) = 0;
  /// A tensor of this device with a host tensor's numbers; devices that compute in host memory share it.
  virtual Tensor from_host(const Tensor& host) = 0;
  /// Tensors of the host or of this device, one behind the other along the first axis, in `buffer`; it is made when it
  /// is empty, else it is of the size. A single one of the host's is shared where from_host() would share it.
  virtual Tensor concatenate(std::span<const Tensor> parts, Tensor& buffer) = 0;
  virtual std::unique_ptr<UploadBuffer> upload_buffer() { return std::make_unique<UploadBuffer>(*this); }
  virtual void fill_zero(Tensor& tensor) = 0;
  /// Writes into `flag`, one double, whether every number of a floating-point tensor is finite: 1, else 0.
  virtual void write_is_finite(const Tensor& tensor, Tensor& flag) = 0;
  bool all_finite(const Tensor& tensor);
  virtual void synchronize() {}
  virtual std::unique_ptr<CapturedGraph> captured_graph() { return std::make_unique<CapturedGraph>(); }
  /// Bytes that could still be allocated now; 0 where nobody knows.
  virtual Index free_bytes() const { return 0; }
  /// Bytes of the device's memory that this process holds now; 0 where nobody knows.
  virtual Index held_bytes() const { return 0; }

  Tensor tensor(const Spec& spec) { return {spec, device(), allocate(spec.size_bytes())}; }

 protected:
  DeviceTraits traits_;
};

/// The spec of tensors one behind the other along their first axis.
Spec concatenated(std::span<const Tensor> parts);

/// A floating-point tensor's numbers, brought to the host in double; and the way back.
std::vector<double> to_doubles(Backend& backend, const Tensor& tensor);
void from_doubles(Backend& backend, std::span<const double> values, Tensor& tensor);

/// Host memory: for the reference kernels and as the base of the CPU backend.
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
  /// What Linux estimates to be available without swapping (MemAvailable), or less where the process's address space is
  /// limited (ulimit -v); a container's own limit is not seen.
  Index free_bytes() const override;
  Index held_bytes() const override;

 protected:
  /// Fails (kind memory): so many bytes were asked for and refused.
  [[noreturn]] void refuse(Index bytes) const;
};

/// No memory at all: a model run on it leaves specs, from which autograd/memory_plan.h plans.
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

/// Null where CUDA was not built or no device can be used; `why` then says so in words, without a full stop. Errors:
/// device, where one is there and fails; memory, where it is full.
std::unique_ptr<Backend> make_cuda_backend(std::string& why);
/// One line for people: the toolkit, cuDNN and architectures of the CUDA backend, or why there is none.
std::string cuda_description();

}  // namespace cg
