// SPDX-License-Identifier: Apache-2.0
// The table that finds the kernel of an op by device and element type. One row per op of tensor/ops/all.h; its cells
// are filled by registry.cpp (reference) and by each backend's kernels.cpp.
#pragma once

#include <map>
#include <string>
#include <typeindex>
#include <utility>
#include <vector>

#include "tensor/op.h"

namespace cg {

/// A value: a test can copy the standard one and put a broken or counting kernel in.
class Registry {
 public:
  /// Every op of the engine with the kernels of the backends that were built.
  static const Registry& standard();

  /// Puts a kernel in (or replaces it).
  template <Op O>
  void add(Device device, DType dtype, const Kernel<O>& kernel) {
    add(typeid(O), std::string(O::name), device, dtype, erase(kernel));
  }
  void add(std::type_index op, const std::string& name, Device device, DType dtype, AnyKernel kernel) {
    Row& row = rows_[op];
    row.name = name;
    row.kernels[{device, dtype}] = std::move(kernel);
  }

  /// The kernel for `dtype`, the type of the op's first input. Where the CPU has no fast kernel the reference runs.
  /// Throws (kind device) where a GPU has none.
  const AnyKernel& kernel(std::type_index op, Device device, DType dtype) const;
  template <Op O>
  const AnyKernel& kernel(Device device, DType dtype) const {
    return kernel(typeid(O), device, dtype);
  }

  struct Row {
    std::string name;
    std::map<std::pair<Device, DType>, AnyKernel> kernels;
  };
  const std::map<std::type_index, Row>& rows() const { return rows_; }

 private:
  std::map<std::type_index, Row> rows_;
};

/// Each backend's rows: tensor/backend/<device>/kernels.cpp, or cuda_absent.cpp.
void add_cpu_kernels(Registry& registry);
void add_cuda_kernels(Registry& registry);

}  // namespace cg
