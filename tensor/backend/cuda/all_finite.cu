// Whether all numbers are finite: one pass, bound by memory; any thread that meets another sets a flag.
#include "tensor/backend/cuda/cuda_backend.h"

namespace cg::cuda {
namespace {

template <class T>
__global__ void find_not_finite(const T* x, Index size, unsigned* found) {
  const Index stride = Index{gridDim.x} * blockDim.x;
  bool bad = false;
  for (Index k = Index{blockIdx.x} * blockDim.x + threadIdx.x; k < size; k += stride)
    bad |= !isfinite(static_cast<Param<T>>(x[k]));
  if (bad) *found = 1;  // every writer writes the same
}

}  // namespace

bool CudaBackend::all_finite(const Tensor& tensor) {
  const Spec flag{{1}, DType::f32};
  Tensor found = this->tensor(flag);
  fill_zero(found);
  with_type(tensor.dtype(), [&]<class T>() {
    find_not_finite<<<1024, 256, 0, stream_>>>(reinterpret_cast<const T*>(tensor.bytes()), tensor.spec().count(),
                                               reinterpret_cast<unsigned*>(found.bytes()));
  });
  check_launch("all_finite");
  HostBackend host;
  Tensor copy = host.tensor(flag);
  to_host(found, copy);
  return *reinterpret_cast<const unsigned*>(copy.bytes()) == 0;
}

}  // namespace cg::cuda
