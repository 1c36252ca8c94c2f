// A row an op and type. An op without a row runs its reference kernel.
#include "tensor/backend/cpu/kernels.h"

#include "tensor/backend/cpu/cpu_backend.h"
#include "tensor/registry.h"

namespace cg {

void add_cpu_kernels(Registry& registry) {
  const auto rows = [&]<class T>() {
    constexpr DType type = dtype_of<T>();
    registry.add<Conv3d>(Device::cpu, type, cpu::conv3d<T>());
    registry.add<BatchNorm>(Device::cpu, type, cpu::batch_norm<T>());
    registry.add<BatchNormRelu>(Device::cpu, type, cpu::batch_norm_relu<T>());
    registry.add<BatchNormAddRelu>(Device::cpu, type, cpu::batch_norm_add_relu<T>());
    registry.add<BatchNormReluMaxPool>(Device::cpu, type, cpu::batch_norm_relu_max_pool<T>());
    registry.add<GlobalAveragePool>(Device::cpu, type, cpu::global_average_pool<T>());
    registry.add<Add>(Device::cpu, type, cpu::add<T>());
    registry.add<Cast>(Device::cpu, type, cpu::cast<T>());
  };
  rows.template operator()<float>();
  rows.template operator()<bfloat16>();
  if (!cpu::has_bfloat16_convolutions()) registry.add<Conv3d>(Device::cpu, DType::bf16, cpu::conv3d_widened());
  registry.add<Linear>(Device::cpu, DType::f32, cpu::linear());
  registry.add<AdamUpdate>(Device::cpu, DType::f32, cpu::adam_update());
}

}  // namespace cg
