// SPDX-License-Identifier: Apache-2.0
// What the CUDA backend's kernels do beside the ops of the registry: the update's control and copy, the
// flag itself, the bias of linear layers, the volumes of a batch; and the statistics where float32 is hardest.
#include <doctest/doctest.h>

#include <limits>

#include "tensor/backend/cuda/ops/adam_update.h"
#include "tensor/backend/cuda/ops/all_finite.h"
#include "tensor/backend/cuda/ops/batch_norm.h"
#include "tensor/backend/cuda/ops/bias.h"
#include "tensor/backend/cuda/ops/gather.h"
#include "tensor/registry.h"
#include "tests/support/host_launch.h"
#include "tests/support/shrinking_draw.h"
#include "tests/support/tensors.h"

using namespace cg;
using namespace cg::test;

namespace {

using Launch = HostLaunch<Order::shuffled>;

/// Values, gradient and moments of `n` parameters, and what an update may have beside them.
struct Update {
  HostBackend backend;
  Random random{{.seed = 11}};
  Call call;

  explicit Update(Index n) {
    for (int j = 0; j < 4; ++j) call.in.push_back(tensor_of(backend, {{n}, DType::f32}, normals(random, n)));
    for (float& v : call.in[3].data<float>()) v *= v;
    call.in.push_back(tensor_of(backend, {{n}, DType::bf16}, std::vector<double>(static_cast<std::size_t>(n), 7)));
  }
  std::vector<double> values(std::size_t j) const { return numbers_of(call.in[j]); }
  void control(const AdamUpdate& op, double finite) {
    const AdamControl now(op);
    call.in.push_back(tensor_of(backend, AdamControl::spec(), {now.rate, now.first, now.second, finite}));
  }
  /// By the body of the GPU's kernel, or by a kernel of the host.
  void step(const AdamUpdate& op, Device device = Device::cuda) {
    if (device == Device::cuda)
      cuda::adam_update(op, call, Launch());
    else
      Registry::standard().kernel<AdamUpdate>(device, DType::f32).forward(&op, call);
  }
};

constexpr Device devices[] = {Device::cuda, Device::cpu, Device::reference};

}  // namespace

TEST_CASE("an update does nothing where the gradient is not finite") {
  for (const Device device : devices) {
    CAPTURE(name_of(device));
    Update update(1003);
    const auto p = update.values(0), m = update.values(2), v = update.values(3);
    update.control({.rate = 0.1}, 0);
    update.step({.rate = 0.1}, device);
    CHECK(update.values(0) == p);
    CHECK(update.values(2) == m);
    CHECK(update.values(3) == v);
    CHECK(update.values(4) == std::vector<double>(1003, 7));
  }
}

TEST_CASE("an update's bfloat16 copy is the rounded new values") {
  for (const Device device : devices)
    for (const Index n : {1, 4, 1003}) {
      CAPTURE(name_of(device));
      Update update(n);
      const auto before = update.values(0);
      update.step({.rate = 0.1}, device);
      const auto p = update.call.in[0].data<float>();
      const auto copy = update.call.in[4].data<bfloat16>();
      CHECK(update.values(0) != before);
      for (std::size_t k = 0; k < p.size(); ++k) CHECK(copy[k].bits == bfloat16(p[k]).bits);
    }
}

TEST_CASE("a repeated update takes rate and step from memory") {
  const AdamUpdate captured{.rate = 0.1, .weight_decay = 0.1, .step = 1},
      now{.rate = 0.02, .weight_decay = 0.1, .step = 5};
  for (const Device device : devices) {
    CAPTURE(name_of(device));
    Update repeated(1003), direct(1003);
    repeated.control(now, 1);
    repeated.step(captured, device);
    direct.step(now, device);
    for (const std::size_t j : {0u, 2u, 3u, 4u}) CHECK(repeated.values(j) == direct.values(j));
  }
}

TEST_CASE("the flag says whether every number is finite, wherever one is not") {
  const auto flag_of = [](const Tensor& x) {
    std::vector<std::uint32_t> parts(static_cast<std::size_t>(cuda::finite_parts), 99);
    double flag = 99;
    cuda::write_is_finite(cuda::pointer<const float>(x), x.spec().count(), parts.data(), &flag, Launch());
    return flag;
  };
  constexpr float infinity = std::numeric_limits<float>::infinity(), nan = std::numeric_limits<float>::quiet_NaN();
  HostBackend backend;
  Random random({.seed = 5});
  for (const Index n : {1, 3, 4, 5, 1023, 40001}) {
    const Tensor x = tensor_of(backend, {{n}, DType::f32}, normals(random, n));
    x.data<float>()[0] = std::numeric_limits<float>::max();
    CHECK(flag_of(x) == 1);
    CHECK(backend.all_finite(x));
    for (const Index at : {Index{0}, n / 2, n - 1})
      for (const float bad : {infinity, -infinity, nan}) {
        float& place = x.data<float>()[static_cast<std::size_t>(at)];
        const float good = place;
        place = bad;
        CHECK(flag_of(x) == 0);
        CHECK_FALSE(backend.all_finite(x));
        place = good;
      }
  }
}

TEST_CASE("bias: added to every row, its gradient the sum over the rows") {
  HostBackend backend;
  property("as defined", [&] {
    Draw draw = shrinking_draw();
    const Index rows = draw.size(1, 70), outputs = draw.size(1, 140);
    const auto check = [&]<class T>(double bound) {
      const Spec spec{{rows, outputs}, dtype_of<T>()};
      const Tensor y = tensor_of(backend, spec, normals(draw.random, rows * outputs));
      const Tensor b = tensor_of(backend, {{outputs}, DType::f32}, normals(draw.random, outputs));
      std::vector<double> want = numbers_of(y), sums(static_cast<std::size_t>(outputs), 0.0);
      for (std::size_t k = 0; k < want.size(); ++k) {
        sums[k % sums.size()] += want[k];
        want[k] += numbers_of(b)[k % sums.size()];
      }
      Tensor db = backend.tensor({{outputs}, DType::f32});
      cuda::bias_gradient<T>(y, db, Launch());
      cuda::add_bias<T>(b, y, Launch());
      // The gradient is summed in float32 whatever the type: 70 terms, relative to the largest sum or 1.
      RC_ASSERT(relative_to_largest(numbers_of(y), want) <= bound);
      for (std::size_t o = 0; o < sums.size(); ++o) RC_ASSERT(std::abs(numbers_of(db)[o] - sums[o]) <= 1e-5);
    };
    check.template operator()<float>(1e-6);
    check.template operator()<bfloat16>(4e-3);  // rounded to 8 bits
  });
}

TEST_CASE("statistics: the variance of values far from zero, and of a first row far from the others") {
  constexpr Index rows = 40000, channels = 2;  // several blocks, in each a hundred rows a thread
  HostBackend backend;
  Random random({.seed = 9});
  std::vector<double> x = normals(random, rows * channels);
  for (std::size_t k = 0; k < x.size(); k += 2) x[k] += 1000;
  x[1] = 1e4;
  Call call{.in = {tensor_of(backend, {{1, 1, 1, rows, channels}, DType::f32}, x)},
            .out = {},
            .saved = {},
            .grad_out = {},
            .grad_in = {},
            .workspace = backend.tensor({{cuda::norm_scratch<float>(rows, channels)}, DType::u8}),
            .backend = &backend};
  for (int j = 0; j < 4; ++j) call.in.push_back(tensor_of(backend, {{channels}, DType::f32}, {1, 1}));
  for (int k = 0; k < 2; ++k) call.saved.push_back(backend.tensor({{channels}, DType::f32}));
  Call exact = call;
  exact.saved = {backend.tensor({{channels}, DType::f32}), backend.tensor({{channels}, DType::f32})};
  cuda::norm_statistics<float>({}, call, Launch());
  reference::norm_statistics<float>({}, exact);
  // A block's mean is kept in float32: for values a thousand standard deviations from zero it is off by 3e-5 of one.
  for (std::size_t c = 0; c < channels; ++c) {
    CHECK(call.saved[0].data<float>()[c] == doctest::Approx(exact.saved[0].data<float>()[c]).epsilon(1e-6));
    CHECK(call.saved[1].data<float>()[c] == doctest::Approx(exact.saved[1].data<float>()[c]).epsilon(1e-6));
  }
}

TEST_CASE("a gather concatenates parts in any order, at any address, and writes nothing behind them") {
  HostBackend backend;
  for (const Index size : {1, 3, 2048, 2049, 5000})  // bfloat16: words of 2 bytes, and of 8
    for (const Index count : {2, 5, 130}) {          // 130: more than a kernel takes
      CAPTURE(size);
      CAPTURE(count);
      const Index all = 200;
      Random random({.seed = 3});
      const Tensor cohort = tensor_of(backend, {{all, size}, DType::bf16}, normals(random, all * size));
      const std::vector<double> numbers = numbers_of(cohort);
      std::vector<Tensor> parts;
      std::vector<double> expected;
      for (Index k = 0; k < count; ++k) {
        const Index subject = (k * 37 + 11) % all;
        parts.push_back(cohort.part({{1, size}, DType::bf16}, subject * size * 2));
        const auto from = numbers.begin() + subject * size;
        expected.insert(expected.end(), from, from + size);
      }
      expected.push_back(7);
      Tensor out = tensor_of(backend, {{count * size + 1}, DType::bf16}, std::vector<double>(expected.size(), 7));
      cuda::gather(parts, out.raw(), Launch());
      CHECK(numbers_of(out) == expected);
    }
}
