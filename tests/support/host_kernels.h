// SPDX-License-Identifier: Apache-2.0
// The CUDA kernels of an op, run on the host. Include the op's header of tensor/backend/cuda/ops before it is used.
#pragma once

#include "tensor/backend/cuda/ops/op_kernel.h"
#include "tensor/registry.h"
#include "tests/support/host_launch.h"

namespace cg::test {

template <Op O, Order order>
void add_in_order(Registry& registry) {
  const auto add = [&]<class T>() {
    using Named = cuda::OpKernel<O, T, HostLaunch<order>>;
    if constexpr (requires { Named::get(); }) registry.add<O>(Device::cpu, dtype_of<T>(), Named::get());
  };
  add.template operator()<float>();
  add.template operator()<bfloat16>();
  static_assert(
      requires { cuda::OpKernel<O, float, HostLaunch<order>>::get(); },
      "include the op's header of tensor/backend/cuda/ops");
}

/// Puts the CUDA kernels of op O into the CPU's cells, to be run on the host with threads and blocks in this order.
template <Op O>
void add_on_host(Registry& registry, Order order) {
  constexpr void (*in_order[])(Registry&) = {add_in_order<O, Order::forward>, add_in_order<O, Order::reversed>,
                                             add_in_order<O, Order::shuffled>};
  in_order[static_cast<std::size_t>(order)](registry);
}

}  // namespace cg::test
