// SPDX-License-Identifier: Apache-2.0
// Starts a body (block.h) on a GPU. Only for nvcc.
#pragma once

#include "tensor/backend/cuda/block/block.h"
#include "tensor/backend/cuda/cuda_backend.h"
#include "tensor/op.h"

namespace cg::cuda {

/// A block, from the view of its threads.
class DeviceBlock {
 public:
  __device__ __forceinline__ int index() const { return static_cast<int>(blockIdx.x); }
  template <class F>
  __device__ __forceinline__ void phase(const F& f) const {
    f(static_cast<int>(threadIdx.x));
    __syncthreads();
  }
  template <class F>
  __device__ __forceinline__ void finish(const F& f) const {
    f(static_cast<int>(threadIdx.x));
  }
};

/// The number of blocks of a body that must fit on a multiprocessor. The compiler then limits the registers per thread;
/// without the limit it may use many for addresses and loads.
template <class Body>
constexpr int least_blocks() {
  if constexpr (requires { Body::least_blocks; })
    return Body::least_blocks;
  else
    return 1;
}

template <class Body>
__global__ void __launch_bounds__(Body::threads, least_blocks<Body>()) run(const Body body) {
  __shared__ typename Body::Shared shared;
  DeviceBlock block;
  body(block, shared);
}

/// Starts bodies on the backend's stream.
class DeviceLaunch {
 public:
  explicit DeviceLaunch(const Call& call) : DeviceLaunch(of(*call.backend)) {}
  explicit DeviceLaunch(CudaBackend& backend) : backend_(backend) {}

  template <class Body>
  void operator()(Index blocks, const Body& body) const {
    run<<<static_cast<unsigned>(blocks), Body::threads, 0, backend_.stream()>>>(body);
    backend_.check_launch("the start of a kernel");
  }

 private:
  CudaBackend& backend_;
};

}  // namespace cg::cuda
