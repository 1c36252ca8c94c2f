// SPDX-License-Identifier: Apache-2.0
// The list of all ops. The registry, the backends and the tests go through it.
// A new op for every backend takes these files:
//   tensor/ops/<op>.h                  formula, attributes, plan, forward, backward; its place in the list below
//   tensor/backend/cpu/<op>.cpp        the CPU's kernel, declared in tensor/backend/cpu/kernels.h
//   tensor/backend/cuda/ops/<op>.h     the GPU's kernel as code that the tests also run on the host
//   tensor/backend/cuda/ops/<op>.cu    the same compiled for the GPU, declared in tensor/backend/cuda/kernels.h
//   tests/tensor/ops/<op>.cpp          examples, misuses, kinks, planted faults
//   docs/ops.md                        its row, written by build/release/bin/describe_ops
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
#include "tensor/ops/l2_normalise.h"
#include "tensor/ops/linear.h"
#include "tensor/ops/max_pool3d.h"
#include "tensor/ops/relu.h"
#include "tensor/type_list.h"

namespace cg {

using AllOps = TypeList<AdamUpdate, Add, BatchNorm, BatchNormAddRelu, BatchNormRelu, BatchNormReluMaxPool, Cast, Conv3d,
                        GlobalAveragePool, L2Normalise, Linear, MaxPool3d, Relu>;

/// Calls `body.template operator()<O>()` for every op O, in the order of the list.
template <class Body>
void for_each_op(const Body& body) {
  AllOps::for_each(body);
}

/// Calls `body(OpIn<O, T>{})` for every op O in each of the types T.
template <class... T, class Body>
void for_each_op_in(const Body& body) {
  for_each_op([&]<Op O>() { (body(OpIn<O, T>{}), ...); });
}

}  // namespace cg
