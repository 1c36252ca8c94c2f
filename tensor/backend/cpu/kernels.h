// SPDX-License-Identifier: Apache-2.0
// The CPU's fast kernels: one declaration per op and type of its activations, defined in the op's file; parameters,
// statistics and their gradients are float. An op that is not declared here runs its reference kernel.
#pragma once

#include "tensor/ops/all.h"

namespace cg::cpu {

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
Kernel<Linear> kernel(OpIn<Linear, float>);

/// The convolution in bfloat16 on a processor that has no instructions for it.
Kernel<Conv3d> conv3d_widened();

}  // namespace cg::cpu
