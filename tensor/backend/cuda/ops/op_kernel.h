// SPDX-License-Identifier: Apache-2.0
// How the header of each op names its kernel, for a GPU and for the tests.
#pragma once

#include "tensor/op.h"

namespace cg::cuda {

/// The kernel of op O on activations of type T: `static Kernel<O> get()`. `Launch` starts its bodies (block/block.h):
/// DeviceLaunch on a GPU, HostLaunch in the tests.
template <Op O, class T, class Launch>
struct OpKernel;

}  // namespace cg::cuda
