// SPDX-License-Identifier: Apache-2.0
// Published checkpoints keep convolution weights as [O, I, kD, kH, kW]; the engine as [O, kD, kH, kW, I], channels
// last. Everything that is read from or written to a file is converted here.
#pragma once

#include <vector>

#include "tensor/tensor.h"

namespace cg {

/// The shape in a file of a parameter whose shape in the engine is `shape`; only 5 axes differ.
Shape file_shape(const Shape& shape);

/// A parameter's values as a file keeps them, and back. `shape`: the engine's.
std::vector<double> to_file_order(const Shape& shape, const std::vector<double>& values);
std::vector<double> from_file_order(const Shape& shape, const std::vector<double>& values);
std::vector<float> from_file_order(const Shape& shape, const std::vector<float>& values);

}  // namespace cg
