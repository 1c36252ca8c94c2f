// SPDX-License-Identifier: Apache-2.0
// The bodies of the CUDA kernels, started on the host by the code that starts them on a GPU: against the reference on
// the examples of every op, and with threads and blocks in one order after the other.
#include "tensor/backend/cuda/kernels.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "tests/support/application.h"
#include "tests/support/host_launch.h"
#include "tests/support/not_finite.h"
#include "tests/support/parity.h"

using namespace cg;
using namespace cg::test;

namespace {

/// The CUDA kernels in the CPU's cells.
Registry on_host(Order order) {
  Registry registry;
  for (const auto& [op, tests] : op_tests())
    if (tests.cuda_on_host) tests.cuda_on_host(registry, order);
  // The parity harness asks for the reference's kernels of the same ops.
  for (const auto& [op, row] : Registry::standard().rows())
    for (const auto& [key, kernel] : row.kernels)
      if (key.first == Device::reference && registry.rows().contains(op))
        registry.add(op, row.name, key.first, key.second, kernel);
  return registry;
}

/// Calls check(type of the op, its name, element type) for all cells of the CUDA kernels.
template <class Check>
int for_each_cell(const Registry& registry, const Check& check) {
  int cells = 0;
  for (const auto& [type, row] : registry.rows())
    for (const auto& [key, kernel] : row.kernels) {
      if (key.first != Device::cpu) continue;
      check(row.name, key.second);
      ++cells;
    }
  return cells;
}

/// All that an example's forward, recompute and backward write, as bits.
std::vector<double> all_results(const Registry& registry, const Example& example, DType dtype) {
  HostBackend backend(Device::cpu);
  Application applied(registry, backend, example, dtype);
  std::vector<double> all;
  const auto take = [&](const std::vector<double>& numbers) { all.insert(all.end(), numbers.begin(), numbers.end()); };
  applied.forward();
  if (applied.kernel().recompute) applied.recompute();
  for (std::size_t j = 0; j < example.inputs.size(); ++j) take(applied.input(j));
  for (std::size_t o = 0; o < applied.plan().outputs.size(); ++o) take(applied.output(o));
  for (std::size_t k = 0; k < applied.plan().saved.size(); ++k) take(applied.saved(k));
  if (!applied.kernel().backward) return all;
  Random random({.seed = 7});
  applied.backward(random_gradients(random, applied.plan()), example.differentiable());
  const auto take_gradients = [&] {
    for (std::size_t j = 0; j < example.inputs.size(); ++j)
      if ((example.differentiable() >> j) & 1u) take(applied.gradient(j));
  };
  take_gradients();
  random = Random({.seed = 7});
  applied.backward_in_place(random_gradients(random, applied.plan()), example.differentiable());
  take_gradients();
  return all;
}

}  // namespace

TEST_CASE("every CUDA kernel on the host: forward, backward and recompute are the reference's") {
  const Registry registry = on_host(Order::forward);
  HostBackend backend(Device::cpu);
  const int cells = for_each_cell(registry, [&](const std::string& op, DType dtype) {
    check_cell({registry, backend, dtype}, op, fmt::format("{} as CUDA does it in {}", op, name_of(dtype)));
  });
  CHECK(cells >= 21);
}

TEST_CASE("every CUDA kernel on the host: NaN and infinity pass as through the reference") {
  const Registry registry = on_host(Order::forward);
  HostBackend backend(Device::cpu);
  const int cells = for_each_cell(registry, [&](const std::string& op, DType dtype) {
    check_not_finite({registry, backend, dtype}, op, fmt::format("{} as CUDA does it in {}", op, name_of(dtype)));
  });
  CHECK(cells >= 21);
}

TEST_CASE(
    "every CUDA kernel runs on the host, but for those of cuDNN and cuBLAS: convolution_test.cpp has their rest") {
  const Registry registry = on_host(Order::forward);
  for_each_op_in<float, bfloat16>([&]<Op O, class T>(OpIn<O, T> op) {
    constexpr bool by_library = std::is_same_v<O, Conv3d> || std::is_same_v<O, Linear>;
    constexpr bool declared = requires { cuda::kernel(op); };
    const auto row = registry.rows().find(typeid(O));
    const bool runs = row != registry.rows().end() && row->second.kernels.contains({Device::cpu, dtype_of<T>()});
    CHECK_MESSAGE(runs == (declared && !by_library), O::name, " in ", name_of(dtype_of<T>()),
                  ": see .cuda_on_host in tests/tensor/ops/", O::name, ".cpp");
  });
}

TEST_CASE("every CUDA kernel: the order of threads and blocks does not change a bit, so no barrier is missing") {
  const Registry registry = on_host(Order::forward), reversed = on_host(Order::reversed),
                 shuffled = on_host(Order::shuffled);
  for_each_cell(registry, [&](const std::string& op, DType dtype) {
    const OpTests& examples = op_tests().at(op);
    for (std::uint64_t seed = 1; seed <= 8; ++seed) {
      Draw draw = Draw::seeded(seed, dtype);
      const Example example = rounded(seed % 2 ? examples.draw(draw) : examples.draw_large(draw), dtype);
      const auto want = all_results(registry, example, dtype);
      const bool same = all_results(reversed, example, dtype) == want && all_results(shuffled, example, dtype) == want;
      CHECK_MESSAGE(same, name_of(dtype), ", seed ", seed, ", ", example.text);
    }
  });
}
