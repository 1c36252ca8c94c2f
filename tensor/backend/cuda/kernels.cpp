// SPDX-License-Identifier: Apache-2.0
#include "tensor/backend/cuda/kernels.h"

namespace cg::cuda {

void add_kernels(Registry& registry) {
  for_each_op_in<float, bfloat16>([&]<Op O, class T>(OpIn<O, T> op) {
    if constexpr (requires { kernel(op); }) registry.add<O>(Device::cuda, dtype_of<T>(), kernel(op));
  });
}

}  // namespace cg::cuda
