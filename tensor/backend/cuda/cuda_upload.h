// A copy from the host on a stream of its own: it waits for the work so far, and the work that needs it waits for it.
#pragma once

#include "tensor/backend.h"
#include "tensor/backend/cuda/cuda_call.h"

namespace cg::cuda {

class CudaUpload final : public Upload {
 public:
  /// The streams that compute, and that copies.
  struct Streams {
    cudaStream_t compute, copy;
  };
  CudaUpload(std::shared_ptr<DeviceState> state, const Streams& streams, const Tensor& host, const Tensor& device);
  ~CudaUpload() override;
  Tensor take() override;

 private:
  std::shared_ptr<DeviceState> state_;
  Streams streams_;
  Tensor host_;  // stays until it is copied
  std::shared_ptr<CUevent_st> free_, done_;
};

}  // namespace cg::cuda
