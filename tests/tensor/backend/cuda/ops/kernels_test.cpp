// The bodies of the CUDA kernels, started on the host by the code that starts them on a GPU: against the reference on
// the examples of every op, and with threads and blocks in one order after the other.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "tensor/backend/cuda/ops/adam_update.h"
#include "tensor/backend/cuda/ops/add.h"
#include "tensor/backend/cuda/ops/batch_norm.h"
#include "tensor/backend/cuda/ops/batch_norm_relu_max_pool.h"
#include "tensor/backend/cuda/ops/cast.h"
#include "tensor/backend/cuda/ops/global_average_pool.h"
#include "tensor/backend/cuda/ops/l2_normalise.h"
#include "tensor/backend/cuda/ops/max_pool3d.h"
#include "tensor/backend/cuda/ops/relu.h"
#include "tensor/ops/all.h"
#include "tests/support/application.h"
#include "tests/support/host_launch.h"
#include "tests/support/parity.h"

using namespace cg;
using namespace cg::test;

namespace {

/// The CUDA kernels in the CPU's cells.
template <Order order>
Registry on_host() {
  using Launch = HostLaunch<order>;
  Registry registry;
  for_each_op_in<float, bfloat16>([&]<Op O, class T>(OpIn<O, T>) {
    if constexpr (requires { cuda::OpKernel<O, T, Launch>::get(); })
      registry.add<O>(Device::cpu, dtype_of<T>(), cuda::OpKernel<O, T, Launch>::get());
  });
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
  for (std::size_t j = 0; j < example.inputs.size(); ++j)
    if ((example.differentiable() >> j) & 1u) take(applied.gradient(j));
  return all;
}

}  // namespace

TEST_CASE("every CUDA kernel on the host: forward, backward and recompute are the reference's") {
  const Registry registry = on_host<Order::forward>();
  HostBackend backend(Device::cpu);
  const int cells = for_each_cell(registry, [&](const std::string& op, DType dtype) {
    check_cell({registry, backend, dtype}, op, fmt::format("{} as CUDA does it in {}", op, name_of(dtype)));
  });
  CHECK(cells == 21);
}

TEST_CASE("every CUDA kernel: the order of threads and blocks does not change a bit, so no barrier is missing") {
  const Registry registry = on_host<Order::forward>(), reversed = on_host<Order::reversed>(),
                 shuffled = on_host<Order::shuffled>();
  for_each_cell(registry, [&](const std::string& op, DType dtype) {
    const OpExamples& examples = op_examples().at(op);
    for (std::uint64_t seed = 1; seed <= 8; ++seed) {
      Draw draw = Draw::seeded(seed, dtype);
      const Example example = rounded(seed % 2 ? examples.draw(draw) : examples.draw_large(draw), dtype);
      const auto want = all_results(registry, example, dtype);
      const bool same = all_results(reversed, example, dtype) == want && all_results(shuffled, example, dtype) == want;
      CHECK_MESSAGE(same, name_of(dtype), ", seed ", seed, ", ", example.text);
    }
  });
}
