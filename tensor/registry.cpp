// SPDX-License-Identifier: Apache-2.0
#include "tensor/registry.h"

#include <fmt/format.h>

#include "tensor/error.h"
#include "tensor/ops/all.h"

namespace cg {
namespace {

/// The functions of an op's header.
template <Op O, class T>
Kernel<O> reference_kernel() {
  Kernel<O> kernel{.forward = reference::forward<T>};
  if constexpr (requires(const O& op, Call& call) { reference::backward<T>(op, call); })
    kernel.backward = reference::backward<T>;
  if constexpr (requires(const O& op, Call& call) { reference::recompute<T>(op, call); })
    kernel.recompute = reference::recompute<T>;
  return kernel;
}

Registry make_standard() {
  Registry registry;
  for_each_op_in<float, double, bfloat16>(
      [&]<Op O, class T>(OpIn<O, T>) { registry.add<O>(Device::reference, dtype_of<T>(), reference_kernel<O, T>()); });
  add_cpu_kernels(registry);
  add_cuda_kernels(registry);
  return registry;
}

}  // namespace

const Registry& Registry::standard() {
  static const Registry registry = make_standard();  // immutable, so sharing it hides nothing
  return registry;
}

const AnyKernel& Registry::kernel(std::type_index op, Device device, DType dtype) const {
  const auto row = rows_.find(op);
  if (row == rows_.end())
    fail(ErrorKind::device, op.name(), "the registry has no row for this op",
         "Add the op to the list in tensor/ops/all.h.");
  const auto& kernels = row->second.kernels;
  auto cell = kernels.find({device, dtype});
  if (cell == kernels.end() && device == Device::cpu) cell = kernels.find({Device::reference, dtype});
  if (cell == kernels.end())
    fail(ErrorKind::device, row->second.name, fmt::format("no {} kernel for {}", name_of(device), name_of(dtype)),
         "Choose another device or precision.");
  return cell->second;
}

}  // namespace cg
