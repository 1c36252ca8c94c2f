// A GPU as a device: its memory, one stream on which everything runs, and what becomes of its errors.
// Read next: kernels.h.
#pragma once

#include <cuda_runtime_api.h>

#include <memory>
#include <string>
#include <string_view>

#include "tensor/backend.h"

namespace cg::cuda {

/// Whether the device still answers. Shared with all of its memory: after an error that stays (an illegal address, a
/// device fallen off the bus) nothing may call CUDA any more, neither kernels nor destructors.
class Health {
 public:
  bool lost() const { return lost_; }
  /// Throws where a call failed (kind device), or where an earlier one did: the device is then lost.
  void check(cudaError_t status, std::string_view where);

 private:
  bool lost_ = false;
};

class CudaBackend final : public Backend {
 public:
  /// The first visible device. Errors: device, where there is none or its driver is too old.
  CudaBackend();
  ~CudaBackend() override;
  CudaBackend(const CudaBackend&) = delete;
  CudaBackend& operator=(const CudaBackend&) = delete;

  Device device() const override { return Device::cuda; }
  std::string description() const override;
  std::shared_ptr<std::byte> allocate(Index bytes) override;
  void to_device(const Tensor& host, Tensor& device) override;
  void to_host(const Tensor& device, Tensor& host) override;
  Tensor from_host(const Tensor& host) override;
  void fill_zero(Tensor& tensor) override;
  bool all_finite(const Tensor& tensor) override;
  void synchronize() override;
  bool prefers_bfloat16() const override { return properties_.major >= 8; }

  /// Everything runs on this one stream, in order.
  cudaStream_t stream() const { return stream_; }
  const cudaDeviceProp& properties() const { return properties_; }

  /// To be called after a kernel's launch: throws (kind device) where CUDA refused it.
  void check_launch(std::string_view kernel) { health_->check(cudaGetLastError(), kernel); }
  void check(cudaError_t status, std::string_view where) { health_->check(status, where); }

 private:
  std::shared_ptr<Health> health_ = std::make_shared<Health>();
  cudaDeviceProp properties_{};
  cudaStream_t stream_ = nullptr;
};

/// The backend a CUDA kernel runs on.
inline CudaBackend& of(Backend& backend) { return static_cast<CudaBackend&>(backend); }

}  // namespace cg::cuda
