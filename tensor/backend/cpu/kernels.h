// The CPU's fast kernels, each in the file of its op; kernels.cpp puts them into the registry.
// T: float or bfloat16 activations; parameters, statistics and their gradients are float.
#pragma once

#include "tensor/ops/adam_update.h"
#include "tensor/ops/add.h"
#include "tensor/ops/batch_norm.h"
#include "tensor/ops/batch_norm_add_relu.h"
#include "tensor/ops/batch_norm_relu.h"
#include "tensor/ops/batch_norm_relu_max_pool.h"
#include "tensor/ops/cast.h"
#include "tensor/ops/conv3d.h"
#include "tensor/ops/global_average_pool.h"
#include "tensor/ops/linear.h"

namespace cg::cpu {

template <class T>
Kernel<Conv3d> conv3d();
Kernel<Conv3d> conv3d_widened();  ///< bfloat16 where the processor has no instructions for it
template <class T>
Kernel<BatchNorm> batch_norm();
template <class T>
Kernel<BatchNormRelu> batch_norm_relu();
template <class T>
Kernel<BatchNormAddRelu> batch_norm_add_relu();
template <class T>
Kernel<BatchNormReluMaxPool> batch_norm_relu_max_pool();
template <class T>
Kernel<GlobalAveragePool> global_average_pool();
template <class T>
Kernel<Add> add();
template <class T>
Kernel<Cast> cast();
Kernel<Linear> linear();
Kernel<AdamUpdate> adam_update();

}  // namespace cg::cpu
