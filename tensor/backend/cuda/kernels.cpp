// A row an op and type, by Registry::add<Op>(Device::cuda, dtype_of<T>(), cuda::op<T>()). An op without a row is an
// error when a model that uses it is built.
#include "tensor/backend/cuda/kernels.h"

namespace cg::cuda {

void add_kernels(Registry& registry) {
  const auto rows = [&]<class T>() { static_cast<void>(registry); };
  rows.template operator()<float>();
  rows.template operator()<bfloat16>();
}

}  // namespace cg::cuda
