// The GPU's kernels, each in the file of its op; kernels.cpp puts them into the registry.
// T: float or bfloat16 activations; parameters, statistics and their gradients are float.
#pragma once

#include "tensor/registry.h"

namespace cg::cuda {

/// Puts the backend's rows in.
void add_kernels(Registry& registry);

}  // namespace cg::cuda
