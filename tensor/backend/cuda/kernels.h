// SPDX-License-Identifier: Apache-2.0
// The GPU's kernels: one declaration per op and type of its activations, defined in ops/<op>.cu; parameters, statistics
// and their gradients are float. A model with an op that is not
// declared here is refused before its first step, when its memory is planned.
// Read next: block/block.h, how they are written.
#pragma once

#include "tensor/backend/cuda_module.h"
#include "tensor/ops/all.h"
#include "tensor/registry.h"

namespace cg::cuda {

Kernel<AdamUpdate> kernel(OpIn<AdamUpdate, float>);
Kernel<Add> kernel(OpIn<Add, float>);
Kernel<Add> kernel(OpIn<Add, bfloat16>);
Kernel<BatchNorm> kernel(OpIn<BatchNorm, float>);
Kernel<BatchNorm> kernel(OpIn<BatchNorm, bfloat16>);
Kernel<BatchNormAddRelu> kernel(OpIn<BatchNormAddRelu, float>);
Kernel<BatchNormAddRelu> kernel(OpIn<BatchNormAddRelu, bfloat16>);
Kernel<BatchNormRelu> kernel(OpIn<BatchNormRelu, float>);
Kernel<BatchNormRelu> kernel(OpIn<BatchNormRelu, bfloat16>);
Kernel<BatchNormReluMaxPool> kernel(OpIn<BatchNormReluMaxPool, float>);
Kernel<BatchNormReluMaxPool> kernel(OpIn<BatchNormReluMaxPool, bfloat16>);
Kernel<Cast> kernel(OpIn<Cast, float>);
Kernel<Cast> kernel(OpIn<Cast, bfloat16>);
Kernel<Conv3d> kernel(OpIn<Conv3d, float>);
Kernel<Conv3d> kernel(OpIn<Conv3d, bfloat16>);
Kernel<GlobalAveragePool> kernel(OpIn<GlobalAveragePool, float>);
Kernel<GlobalAveragePool> kernel(OpIn<GlobalAveragePool, bfloat16>);
Kernel<L2Normalise> kernel(OpIn<L2Normalise, float>);
Kernel<L2Normalise> kernel(OpIn<L2Normalise, bfloat16>);
Kernel<Linear> kernel(OpIn<Linear, float>);
Kernel<MaxPool3d> kernel(OpIn<MaxPool3d, float>);
Kernel<MaxPool3d> kernel(OpIn<MaxPool3d, bfloat16>);
Kernel<Relu> kernel(OpIn<Relu, float>);
Kernel<Relu> kernel(OpIn<Relu, bfloat16>);

/// Puts them into the registry.
void add_kernels(Registry& registry);

/// What conv3d does in each direction; arguments as CudaModule says.
std::vector<ConvolutionMethod> convolution_methods(Backend& backend, const Conv3d& op, const Shape& x, const Shape& w,
                                                   DType dtype, unsigned gradients, unsigned adds);

}  // namespace cg::cuda
