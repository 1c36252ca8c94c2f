// SPDX-License-Identifier: Apache-2.0
// Batches copied from the host on a separate stream: a copy waits for earlier work, and the work that needs it waits
// for the copy.
#pragma once

#include "tensor/backend.h"
#include "tensor/backend/cuda/device/cuda_call.h"

namespace cg::cuda {

class CudaUploadBuffer final : public UploadBuffer {
 public:
  /// The stream that computes, and the stream that copies.
  struct Streams {
    cudaStream_t compute, copy;
  };
  CudaUploadBuffer(Backend& backend, std::shared_ptr<DeviceState> state, const Streams& streams);
  ~CudaUploadBuffer() override;
  Tensor take() override;

 protected:
  void copy(const Tensor& host, Tensor& device) override;
  void finish() override;

 private:
  std::shared_ptr<DeviceState> state_;
  Streams streams_;
  Tensor host_;                              // of the last copy: stays until that is done
  std::shared_ptr<CUevent_st> free_, done_;  // the work before it, and the copy
};

}  // namespace cg::cuda
