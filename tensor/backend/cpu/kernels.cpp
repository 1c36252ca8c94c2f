// SPDX-License-Identifier: Apache-2.0
// Puts what kernels.h declares into the registry.
#include "tensor/backend/cpu/kernels.h"

#include "tensor/backend/cpu/cpu_backend.h"
#include "tensor/registry.h"

namespace cg {

void add_cpu_kernels(Registry& registry) {
  for_each_op_in<float, bfloat16>([&]<Op O, class T>(OpIn<O, T> op) {
    if constexpr (requires { cpu::kernel(op); }) registry.add<O>(Device::cpu, dtype_of<T>(), cpu::kernel(op));
  });
  if (!cpu::has_bfloat16_convolutions()) registry.add<Conv3d>(Device::cpu, DType::bf16, cpu::conv3d_widened());
}

}  // namespace cg
