// SPDX-License-Identifier: Apache-2.0
// What surrounds cuDNN's convolutions and cuBLAS's products (packing, conversion, parts of a batch, scratch, biases),
// on the host: the reference in the place of the engines.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cstdint>
#include <cstring>

#include "tensor/backend/cuda/ops/conv3d.h"
#include "tensor/backend/cuda/ops/linear.h"
#include "tests/support/application.h"
#include "tests/support/host_launch.h"
#include "tests/support/parity.h"
#include "tests/support/tensors.h"
#include "tests/support/thrown.h"

using namespace cg;
using namespace cg::test;

namespace {

/// Memory as a tensor of the reference.
Tensor seen(const Spec& spec, void* memory) {
  return {spec, Device::reference, {static_cast<std::byte*>(memory), [](std::byte*) {}}};
}

/// Weights in activations' type as the parameters that the reference wants, and the way back.
Tensor converted(const Tensor& from, DType to) {
  HostBackend host;
  Tensor out = host.tensor({from.shape(), to});
  from_doubles(host, to_doubles(host, from), out);
  return out;
}

/// The reference as engines. Like cuDNN's they hand out weight gradients in the activations' type and write all of the
/// scratch they asked for. Tensors hold `largest` elements at most and begin at a multiple of 16 bytes.
template <Index largest>
class ReferenceEngines {
 public:
  explicit ReferenceEngines(Backend&) {}
  Index workspace(const ConvolutionProblem& p) const { return 100 + p.x[0]; }
  Index largest_tensor() const { return largest; }

  void run(const ConvolutionProblem& p, void* x, void* w, void* y, void* workspace) const {
    REQUIRE((p.x[0] == 1 || std::max(count(p.x), count(p.y)) <= largest));
    for (const void* place : {x, w, y, workspace}) REQUIRE(reinterpret_cast<std::uintptr_t>(place) % 16 == 0);
    std::memset(workspace, 0xFF, static_cast<std::size_t>(this->workspace(p)));
    with_type(p.dtype, [&]<class T>() { run_in<T>(p, x, w, y); });
  }

 private:
  template <class T>
  static void run_in(const ConvolutionProblem& p, void* x, void* w, void* y) {
    const Conv3d op{p.stride, p.padding};
    const Tensor xs = seen({p.x, p.dtype}, x), ys = seen({p.y, p.dtype}, y), ws = seen({p.w, p.dtype}, w);
    const Tensor weights = converted(ws, parameter_type(p.dtype));
    Call call;
    call.in = {xs, weights};
    if (p.direction == Direction::forward) {
      call.out = {ys};
      return reference::forward<T>(op, call);
    }
    call.grad_out = {ys};
    call.grad_in.resize(2);
    const std::vector<double> before = p.adds ? numbers_of(xs) : std::vector<double>();
    call.grad_in[p.direction == Direction::data_gradient ? 0 : 1] =
        p.direction == Direction::data_gradient ? xs : weights;
    reference::backward<T>(op, call);
    if (p.direction == Direction::data_gradient) {
      const auto sum = xs.data<T>();
      for (std::size_t k = 0; k < before.size(); ++k) sum[k] = static_cast<T>(static_cast<double>(sum[k]) + before[k]);
      return;
    }
    REQUIRE(!p.adds);
    const Tensor rounded = converted(weights, p.dtype);
    std::memcpy(w, rounded.raw(), static_cast<std::size_t>(rounded.spec().size_bytes()));
  }
};

/// Products by three loops in the place of cuBLAS.
struct LoopProducts {
  explicit LoopProducts(Backend&) {}
  static float entry(const cuda::Matrix& m, Index row, Index column) {
    return m.transposed ? m.data[column * m.columns + row] : m.data[row * m.columns + column];
  }
  void multiply(const cuda::Matrix& a, const cuda::Matrix& b, float* c) const {
    const Index rows = a.transposed ? a.columns : a.rows, inner = a.transposed ? a.rows : a.columns;
    const Index columns = b.transposed ? b.rows : b.columns;
    for (Index i = 0; i < rows; ++i)
      for (Index j = 0; j < columns; ++j) {
        float sum = 0;
        for (Index k = 0; k < inner; ++k) sum += entry(a, i, k) * entry(b, k, j);
        c[i * columns + j] = sum;
      }
  }
};

/// Reference kernels, and those of CUDA in the CPU's cells.
template <Order order, Index largest>
Registry on_host() {
  using Launch = HostLaunch<order>;
  using Engines = ReferenceEngines<largest>;
  Registry registry = Registry::standard();
  registry.add<Conv3d>(Device::cpu, DType::f32, cuda::conv3d_kernel<float, Launch, Engines>());
  registry.add<Conv3d>(Device::cpu, DType::bf16, cuda::conv3d_kernel<bfloat16, Launch, Engines>());
  registry.add<Linear>(Device::cpu, DType::f32, cuda::linear_kernel<Launch, LoopProducts>());
  return registry;
}

constexpr Index unlimited = Index{1} << 40;

}  // namespace

TEST_CASE("CUDA convolutions on the host: forward and backward are the reference's, and so are the linear layers'") {
  const Registry registry = on_host<Order::forward, unlimited>();
  HostBackend backend(Device::cpu);
  check_cell({registry, backend, DType::f32}, "conv3d", "conv3d as CUDA does it in float32");
  check_cell({registry, backend, DType::bf16}, "conv3d", "conv3d as CUDA does it in bfloat16");
  check_cell({registry, backend, DType::f32}, "linear", "linear as CUDA does it in float32");
}

TEST_CASE("CUDA convolutions on the host: a batch in parts, all aligned, gives the reference's numbers") {
  const Registry registry = on_host<Order::forward, 1440>();
  HostBackend backend(Device::cpu);
  struct Case {
    Conv3d op;
    Shape x, w;
  };
  const std::vector<Case> cases = {
      {{{2, 2, 2}, {3, 3, 3}}, {19, 7, 5, 6, 1}, {8, 7, 7, 7, 1}},   // the stem: 840 bytes a sample in float32
      {{{1, 1, 1}, {1, 1, 1}}, {19, 5, 3, 3, 1}, {4, 3, 3, 3, 1}},   // 180, and 90 in bfloat16
      {{{1, 1, 1}, {1, 1, 1}}, {30, 3, 3, 3, 5}, {3, 3, 3, 3, 5}},   // 540 and 324; 270 and 162
      {{{2, 2, 2}, {0, 0, 0}}, {11, 6, 4, 5, 8}, {16, 1, 1, 1, 8}},  // aligned everywhere
      {{{1, 1, 1}, {1, 1, 1}}, {2, 8, 9, 9, 4}, {4, 3, 3, 3, 4}},    // a sample more than a part may hold
  };
  for (const DType dtype : {DType::f32, DType::bf16})
    for (const auto& [op, x, w] : cases) {
      Draw draw = Draw::seeded(5, dtype);
      Example example{erase(op), {{x, normals(draw.random, count(x))}, {w, normals(draw.random, count(w)), true}}, ""};
      example = rounded(std::move(example), dtype);
      Comparison result(dtype);
      compare_with_reference({registry, backend, dtype}, example, draw, result);
      CHECK_MESSAGE(result.complaints() == "", to_string(x), " in ", name_of(dtype));
    }
}

TEST_CASE("CUDA convolutions: parts of a batch begin at 16 bytes, are as large as they may be, and none is empty") {
  for (const Index x : {1, 2, 6, 45, 64})
    for (const Index y : {1, 4, 45, 180})
      for (Index n = 1; n <= 70; ++n)
        for (const Index fit : {8, 9, 17, 100}) {
          const Index each = cuda::samples_at_once<float>(n, x, y, fit * std::max(x, y));
          CAPTURE(n);
          CAPTURE(fit);
          CHECK(each <= fit);
          if (n <= fit) {
            CHECK(each == n);
            continue;
          }
          CHECK(each * x % 4 == 0);
          CHECK(each * y % 4 == 0);
          CHECK((n + each - 1) / each <= (n + fit / 4 * 4 - 1) / (fit / 4 * 4));  // no part more than it takes
        }
  check_fails([] { cuda::samples_at_once<float>(9, 5, 3, 10); }, ErrorKind::usage, {"conv3d", "too large"});
}

TEST_CASE("the stem's packing: each tap of w has one place in W, the other places are eighth taps") {
  std::vector<int> places(Stem::weights_of_one, 0);
  for (int tap = 0; tap < Stem::taps_of_one; ++tap) {
    CHECK(Stem::tap(Stem::place(tap)) == tap);
    ++places[static_cast<std::size_t>(Stem::place(tap))];
  }
  for (int at = 0; at < Stem::weights_of_one; ++at)
    CHECK(places[static_cast<std::size_t>(at)] == (Stem::tap(at) < 0 ? 0 : 1));
}

TEST_CASE("CUDA convolutions on the host: the order of threads and blocks does not change a bit") {
  const Registry forward = on_host<Order::forward, unlimited>(), reversed = on_host<Order::reversed, unlimited>(),
                 shuffled = on_host<Order::shuffled, unlimited>();
  HostBackend backend(Device::cpu);
  const auto results = [&](const Registry& registry, const Example& example) {
    Application applied(registry, backend, example, DType::bf16);
    applied.forward();
    std::vector<double> all = applied.output(0);
    Random random({.seed = 7});
    applied.backward(random_gradients(random, applied.plan()), 0b11);
    for (std::size_t j = 0; j < 2; ++j)
      for (double g : applied.gradient(j)) all.push_back(g);
    return all;
  };
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    Draw draw = Draw::seeded(seed, DType::bf16);
    const Example example = op_tests().at("conv3d").draw_large(draw);
    const auto want = results(forward, example);
    CHECK_MESSAGE(results(reversed, example) == want, example.text);
    CHECK_MESSAGE(results(shuffled, example) == want, example.text);
  }
}

TEST_CASE("CUDA convolutions on the host: weights that the update has rounded are read in the place of rounding them") {
  const Registry registry = on_host<Order::forward, unlimited>();
  HostBackend backend(Device::cpu);
  Random random({.seed = 3});
  const Shape x = {2, 5, 4, 6, 3}, w = {4, 3, 3, 3, 3};
  const Example example{erase(Conv3d{{1, 1, 1}, {1, 1, 1}}),
                        {{x, normals(random, count(x))}, {w, normals(random, count(w)), true}},
                        "a convolution"};
  Application rounding(registry, backend, example, DType::bf16), reading = rounding, zero = rounding;
  const auto results = [&](Application& applied, double factor) {
    std::vector<double> copy = example.inputs[1].numbers;
    for (double& value : copy) value *= factor;
    if (&applied != &rounding) applied.call().bfloat16_copies = {Tensor(), tensor_of(backend, {w, DType::bf16}, copy)};
    applied.forward();
    auto all = applied.output(0);
    applied.backward({std::vector<double>(all.size(), 1.0)}, 0b01);
    for (double g : applied.gradient(0)) all.push_back(g);
    return all;
  };
  const auto want = results(rounding, 1);
  CHECK(results(reading, 1) == want);
  CHECK(results(zero, 0) == std::vector<double>(want.size(), 0.0));
}
