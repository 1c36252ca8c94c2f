// The GPU's kernels, each in the file of its op; kernels.cpp puts them into the registry.
// T: float or bfloat16 activations; parameters, statistics and their gradients are float.
// Read next: block.h, how they are written.
#pragma once

#include "tensor/backend/cuda_module.h"
#include "tensor/ops/adam_update.h"
#include "tensor/ops/add.h"
#include "tensor/ops/batch_norm.h"
#include "tensor/ops/batch_norm_add_relu.h"
#include "tensor/ops/batch_norm_relu.h"
#include "tensor/ops/batch_norm_relu_max_pool.h"
#include "tensor/ops/cast.h"
#include "tensor/ops/conv3d.h"
#include "tensor/ops/global_average_pool.h"
#include "tensor/ops/l2_normalise.h"
#include "tensor/ops/linear.h"
#include "tensor/ops/max_pool3d.h"
#include "tensor/ops/relu.h"
#include "tensor/registry.h"

namespace cg::cuda {

/// Puts the backend's rows in.
void add_kernels(Registry& registry);

/// What conv3d does in each direction; arguments as CudaModule says.
std::vector<ConvolutionMethod> convolution_methods(Backend& backend, const Conv3d& op, const Shape& x, const Shape& w,
                                                   DType dtype, unsigned gradients);

template <class T>
Kernel<Conv3d> conv3d();
template <class T>
Kernel<BatchNorm> batch_norm();
template <class T>
Kernel<BatchNormRelu> batch_norm_relu();
template <class T>
Kernel<BatchNormAddRelu> batch_norm_add_relu();
template <class T>
Kernel<BatchNormReluMaxPool> batch_norm_relu_max_pool();
template <class T>
Kernel<MaxPool3d> max_pool3d();
template <class T>
Kernel<GlobalAveragePool> global_average_pool();
template <class T>
Kernel<Relu> relu();
template <class T>
Kernel<Add> add();
template <class T>
Kernel<Cast> cast();
template <class T>
Kernel<L2Normalise> l2_normalise();
Kernel<Linear> linear();
Kernel<AdamUpdate> adam_update();

}  // namespace cg::cuda
