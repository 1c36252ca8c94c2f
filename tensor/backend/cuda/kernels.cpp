// A row an op and type, by Registry::add<Op>(Device::cuda, dtype_of<T>(), cuda::op<T>()). An op without a row is an
// error when a model that uses it is built.
#include "tensor/backend/cuda/kernels.h"

namespace cg::cuda {

void add_kernels(Registry& registry) {
  const auto rows = [&]<class T>() {
    constexpr DType type = dtype_of<T>();
    registry.add<Conv3d>(Device::cuda, type, conv3d<T>());
    registry.add<BatchNorm>(Device::cuda, type, batch_norm<T>());
    registry.add<BatchNormRelu>(Device::cuda, type, batch_norm_relu<T>());
    registry.add<BatchNormAddRelu>(Device::cuda, type, batch_norm_add_relu<T>());
    registry.add<BatchNormReluMaxPool>(Device::cuda, type, batch_norm_relu_max_pool<T>());
    registry.add<MaxPool3d>(Device::cuda, type, max_pool3d<T>());
    registry.add<GlobalAveragePool>(Device::cuda, type, global_average_pool<T>());
    registry.add<Relu>(Device::cuda, type, relu<T>());
    registry.add<Add>(Device::cuda, type, add<T>());
    registry.add<Cast>(Device::cuda, type, cast<T>());
    registry.add<L2Normalise>(Device::cuda, type, l2_normalise<T>());
  };
  rows.template operator()<float>();
  rows.template operator()<bfloat16>();
  registry.add<Linear>(Device::cuda, DType::f32, linear());
  registry.add<AdamUpdate>(Device::cuda, DType::f32, adam_update());
}

}  // namespace cg::cuda
