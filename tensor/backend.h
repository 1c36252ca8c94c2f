// A device's memory: allocation and copies. Kernels find their device's own state through it.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "tensor/tensor.h"

namespace cg {

class Backend {
 public:
  virtual ~Backend() = default;
  virtual Device device() const = 0;
  /// One line for people: processor, instruction set, threads.
  virtual std::string description() const = 0;
  /// Uninitialised memory, aligned to 64 bytes or more, freed with its last owner. Throws (kind memory).
  virtual std::shared_ptr<std::byte> allocate(Index bytes) = 0;
  virtual void to_device(const Tensor& host, Tensor& device) = 0;
  virtual void to_host(const Tensor& device, Tensor& host) = 0;
  /// A tensor of this device with a host tensor's numbers; devices that compute in host memory share it.
  virtual Tensor from_host(const Tensor& host) = 0;
  virtual void fill_zero(Tensor& tensor) = 0;
  /// Whether every number of a float32 or float64 tensor is finite.
  virtual bool all_finite(const Tensor& tensor) = 0;
  virtual void synchronize() {}
  /// Whether the device computes in bfloat16 at full speed; decides the default precision.
  virtual bool prefers_bfloat16() const { return false; }
  /// Whether kernels read parameters as bfloat16 where activations are: the update then keeps a copy of them.
  virtual bool reads_bfloat16_copies() const { return false; }
  /// Bytes that could still be allocated now; 0 where nobody knows.
  virtual Index free_bytes() const { return 0; }
  /// Bytes of the device's memory that this process holds now; 0 where nobody knows.
  virtual Index held_bytes() const { return 0; }

  Tensor tensor(const Spec& spec) { return {spec, device(), allocate(spec.bytes())}; }
};

/// A floating-point tensor's numbers, brought to the host in double; and the way back.
std::vector<double> to_doubles(Backend& backend, const Tensor& tensor);
void from_doubles(Backend& backend, std::span<const double> values, Tensor& tensor);

/// Host memory: for the reference kernels and as the base of the CPU backend.
class HostBackend : public Backend {
 public:
  explicit HostBackend(Device device = Device::reference) : device_(device) {}
  Device device() const override { return device_; }
  std::string description() const override { return "plain loops, one value at a time"; }
  std::shared_ptr<std::byte> allocate(Index bytes) override;
  void to_device(const Tensor& host, Tensor& device) override;
  void to_host(const Tensor& device, Tensor& host) override;
  Tensor from_host(const Tensor& host) override { return host.on(device_); }
  void fill_zero(Tensor& tensor) override;
  bool all_finite(const Tensor& tensor) override;
  /// What Linux estimates to be available without swapping (MemAvailable), or less where the process's address space is
  /// limited (ulimit -v); a container's own limit is not seen.
  Index free_bytes() const override;
  Index held_bytes() const override;

 protected:
  /// Fails (kind memory): so many bytes were asked for and refused.
  [[noreturn]] void refuse(Index bytes) const;

 private:
  Device device_;
};

/// No memory at all: a model run on it leaves specs, from which autograd/memory_plan.h plans.
class MetaBackend : public Backend {
 public:
  Device device() const override { return Device::meta; }
  std::string description() const override { return "shapes alone"; }
  std::shared_ptr<std::byte> allocate(Index) override { return nullptr; }
  void to_device(const Tensor&, Tensor&) override {}
  void to_host(const Tensor&, Tensor&) override {}
  Tensor from_host(const Tensor& host) override { return {host.spec(), Device::meta, nullptr}; }
  void fill_zero(Tensor&) override {}
  bool all_finite(const Tensor&) override { return true; }
};

/// oneDNN and our own kernels on all cores (tensor/backend/cpu).
std::unique_ptr<Backend> make_cpu_backend();

/// Null where CUDA was not built or no device is there; `why` then says so in words, without a full stop.
std::unique_ptr<Backend> make_cuda_backend(std::string& why);
/// One line for people: the toolkit, cuDNN and architectures of the CUDA backend, or why there is none.
std::string cuda_description();

}  // namespace cg
