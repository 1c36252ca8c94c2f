#include "tests/support/op_examples.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <type_traits>

#include "tensor/ops/adam_update.h"
#include "tensor/ops/add.h"
#include "tensor/ops/batch_norm_add_relu.h"
#include "tensor/ops/batch_norm_relu.h"
#include "tensor/ops/batch_norm_relu_max_pool.h"
#include "tensor/ops/cast.h"
#include "tensor/ops/conv3d.h"
#include "tensor/ops/global_average_pool.h"
#include "tensor/ops/l2_normalise.h"
#include "tensor/ops/linear.h"
#include "tests/support/op_misuses.h"
#include "tests/support/tensors.h"

namespace cg::test {
namespace {

/// How far values stay from a kink: a thousand steps of the finite differences.
constexpr double margin = 1e-2;

ExampleInput random_input(Draw& draw, Shape shape) {
  const Index n = count(shape);
  return {std::move(shape), rounded(normals(draw.random, n), draw.activations)};
}

ExampleInput random_parameter(Draw& draw, Shape shape) {
  const Index n = count(shape);
  return {std::move(shape), rounded(normals(draw.random, n), parameter_type(draw.activations)), true};
}

/// Numbers of a channels-last volume, in each channel equally spaced in random order: no two are near each other.
ExampleInput spaced_input(Draw& draw, Shape shape) {
  const auto channels = static_cast<std::size_t>(shape.back());
  const Index rows = count(shape) / shape.back();
  ExampleInput out{std::move(shape), std::vector<double>(static_cast<std::size_t>(rows) * channels)};
  for (std::size_t c = 0; c < channels; ++c) {
    const auto order = draw.random.permutation(rows);
    const double shift = draw.random.normal(), spread = 3 + 2 * draw.random.uniform();
    for (std::size_t r = 0; r < order.size(); ++r)
      out.numbers[r * channels + c] =
          shift + spread * (static_cast<double>(order[r]) / static_cast<double>(rows) - 0.5);
  }
  out.numbers = rounded(out.numbers, draw.activations);
  return out;
}

template <Op O>
Example example(const O& op, std::vector<ExampleInput> inputs) {
  std::string text(O::name);
  for (const ExampleInput& input : inputs) text += " " + to_string(input.shape);
  return {erase(op), std::move(inputs), text};
}

Shape volume(Draw& draw, Index most) {
  return {draw.size(1, 3), draw.size(1, most), draw.size(1, most), draw.size(1, most), draw.size(1, 4)};
}

/// Several of the blocks that fast kernels cut a volume into; every other one with channels that vectors divide.
Shape large_volume(Draw& draw) {
  const Index channels = draw.size(0, 1) ? draw.size(60, 70) : 8 * draw.size(1, 9);
  return {2, draw.size(8, 10), draw.size(8, 10), draw.size(8, 10), channels};
}

/// Pooling or convolution of a volume of this shape; the stride may exceed the kernel.
struct RandomWindow {
  Triple kernel, stride, padding;
  RandomWindow(Draw& draw, const Shape& in, bool pool) {
    for (std::size_t a = 0; a < 3; ++a) {
      kernel[a] = draw.size(1, 3);
      stride[a] = draw.size(1, 4);
      padding[a] = draw.size(0, pool ? kernel[a] / 2 : 2);
      kernel[a] = std::min(kernel[a], in[a + 1] + 2 * padding[a]);
      if (pool) padding[a] = std::min(padding[a], kernel[a] / 2);
    }
  }
  /// The network's window, for which there are kernels of their own.
  void as_in_stem(Draw& draw, const Shape& in) {
    kernel = {3, 3, 3};
    stride = {2, 2, 2};
    for (std::size_t a = 0; a < 3; ++a) padding[a] = draw.size(in[a + 1] < 3 ? 1 : 0, 1);
  }
};

Example draw_conv3d(Draw& draw) {
  const Shape x = volume(draw, 4);
  const RandomWindow window(draw, x, false);
  const Triple& k = window.kernel;
  const Index outputs = draw.size(1, 3);
  return example(Conv3d{window.stride, window.padding},
                 {random_input(draw, x), random_parameter(draw, {outputs, k[0], k[1], k[2], x[4]})});
}

/// The network's stem in small; volumes of many voxels; many volumes of a few voxels, as in its last stage. Always more
/// than 512 positions.
Example draw_large_conv3d(Draw& draw) {
  const auto one_of = [&](const std::vector<Index>& choices) {
    return choices[static_cast<std::size_t>(draw.size(0, static_cast<Index>(choices.size()) - 1))];
  };
  const Index kind = draw.size(0, 2), inputs = kind == 0 ? 1 : one_of({1, 2, 3, 16, 17}),
              outputs = one_of({1, 3, 16, 20});
  const Index k = kind == 0 ? 7 : one_of({1, 3, 3}), stride = kind == 0 ? 2 : draw.size(1, 2);
  const Index least = kind == 2 ? 1 : stride == 2 ? 14 : 8;
  Shape x = {2, draw.size(least, least + 3), draw.size(least, least + 3), draw.size(least, least + 3), inputs};
  const Conv3d op{{stride, stride, stride}, {k / 2, k / 2, k / 2}};
  const Shape w = {outputs, k, k, k, inputs}, y = window_output("conv3d", x, op.window(w), outputs);
  x[0] = std::max<Index>(2, 520 / (y[1] * y[2] * y[3]) + 1);
  return example(op, {random_input(draw, x), random_parameter(draw, w)});
}

Example draw_max_pool3d(Draw& draw) {
  const Shape x = volume(draw, 5);
  const RandomWindow window(draw, x, true);
  return example(MaxPool3d{window.kernel, window.stride, window.padding}, {spaced_input(draw, x)});
}

/// Windows close to each other: with large strides nearly all of the gradient would be zero.
Example draw_large_max_pool3d(Draw& draw) {
  const Shape x = large_volume(draw);
  const RandomWindow window(draw, x, true);
  const Triple stride = {draw.size(1, 2), draw.size(1, 2), draw.size(1, 2)};
  return example(MaxPool3d{window.kernel, stride, window.padding}, {spaced_input(draw, x)});
}

/// The smallest distance of γ x̂ + β (+ residual) from zero: from the kink of the ReLU that follows.
double kink_distance(const NormAttributes& norm, const std::vector<ExampleInput>& in) {
  const std::size_t channels = in[1].numbers.size();
  const std::vector<double>& x = in[0].numbers;
  const double m = static_cast<double>(x.size() / channels);
  double nearest = 1e9;
  for (std::size_t c = 0; c < channels; ++c) {
    double mean = in[3].numbers[c], variance = in[4].numbers[c];
    if (norm.training) {
      mean = variance = 0;
      for (std::size_t k = c; k < x.size(); k += channels) mean += x[k] / m;
      for (std::size_t k = c; k < x.size(); k += channels) variance += (x[k] - mean) * (x[k] - mean) / m;
    }
    for (std::size_t k = c; k < x.size(); k += channels) {
      const double hat = (x[k] - mean) / std::sqrt(variance + norm.epsilon);
      const double residual = in.size() > 5 ? in[5].numbers[k] : 0;
      nearest = std::min(nearest, std::abs(in[1].numbers[c] * hat + in[2].numbers[c] + residual));
    }
  }
  return nearest;
}

/// x, γ, β, running mean, running variance for at least 6 values a channel.
std::vector<ExampleInput> norm_inputs(Draw& draw, const Shape& x) {
  const Shape channels = {x.back()};
  std::vector<ExampleInput> in = {spaced_input(draw, x)};
  for (int j = 0; j < 4; ++j) in.push_back(random_parameter(draw, channels));
  for (double& gamma : in[1].numbers) gamma += gamma < 0 ? -0.5 : 0.5;
  for (double& variance : in[4].numbers) variance = 0.5 + variance * variance;
  in[3].differentiable = in[4].differentiable = false;
  in[3].overwritten = in[4].overwritten = true;
  return in;
}

Shape norm_volume(Draw& draw, Index most) {
  Shape x = volume(draw, most);
  if (x[0] * x[1] * x[2] * x[3] < 6) x[0] = 6;
  return x;
}

NormAttributes norm_attributes(Draw& draw) {
  return {.epsilon = draw.size(0, 1) ? 1e-5 : 1e-3,
          .momentum = draw.size(0, 1) ? 0.1 : 0.3,
          .equal_views = draw.size(1, 2),
          .training = draw.size(0, 3) > 0};
}

/// γ x̂ + β stays `margin` / `nearer` from zero.
template <Op O>
Example draw_norm_of(Draw& draw, const Shape& x, double nearer) {
  const NormAttributes norm = norm_attributes(draw);
  for (;;) {
    auto in = norm_inputs(draw, x);
    if constexpr (std::is_same_v<O, BatchNormAddRelu>) in.push_back(random_input(draw, x));
    if (std::is_same_v<O, BatchNorm> || kink_distance(norm, in) > margin / nearer)
      return example(O{norm}, std::move(in));
  }
}

template <Op O>
Example draw_norm(Draw& draw) {
  const Shape x = norm_volume(draw, 3);
  return draw_norm_of<O>(draw, draw.size(0, 3) ? x : Shape{6 + x[0], x[4]}, 1);  // now and then rows
}

template <Op O>
Example draw_large_norm(Draw& draw) {
  return draw_norm_of<O>(draw, large_volume(draw), 2e3);
}

Example draw_norm_relu_max_pool_of(Draw& draw, const Shape& x, double nearer) {
  const NormAttributes norm = norm_attributes(draw);
  RandomWindow window(draw, x, true);
  if (draw.size(0, 1)) window.as_in_stem(draw, x);
  for (;;) {
    auto in = norm_inputs(draw, x);
    for (double& beta : in[2].numbers) beta = std::abs(beta);  // so that most windows have a winner above zero
    if (kink_distance(norm, in) > margin / nearer)
      return example(BatchNormReluMaxPool{norm, {window.kernel, window.stride, window.padding}}, std::move(in));
  }
}

Example draw_norm_relu_max_pool(Draw& draw) { return draw_norm_relu_max_pool_of(draw, norm_volume(draw, 4), 10); }
Example draw_large_norm_relu_max_pool(Draw& draw) { return draw_norm_relu_max_pool_of(draw, large_volume(draw), 2e3); }

Example draw_relu_of(Draw& draw, const Shape& shape) {
  ExampleInput x = random_input(draw, shape);
  for (double& v : x.numbers) v += v < 0 ? -margin : margin;
  return example(Relu{}, {x});
}

Example draw_relu(Draw& draw) { return draw_relu_of(draw, volume(draw, 4)); }
Example draw_large_relu(Draw& draw) { return draw_relu_of(draw, large_volume(draw)); }

Example draw_cast_of(Draw& draw, const Shape& shape) {
  constexpr DType types[] = {DType::f32, DType::f64, DType::bf16};
  const DType to = draw.activations == DType::f64 ? DType::f64 : types[draw.size(0, 2)];
  return example(Cast{to}, {random_input(draw, shape)});
}

Example draw_cast(Draw& draw) { return draw_cast_of(draw, volume(draw, 3)); }
Example draw_large_cast(Draw& draw) { return draw_cast_of(draw, large_volume(draw)); }

Example draw_add_of(Draw& draw, const Shape& shape) {
  return example(Add{}, {random_input(draw, shape), random_input(draw, shape)});
}

Example draw_add(Draw& draw) { return draw_add_of(draw, volume(draw, 3)); }
Example draw_large_add(Draw& draw) { return draw_add_of(draw, large_volume(draw)); }

Example draw_global_average_pool(Draw& draw) {
  return example(GlobalAveragePool{}, {random_input(draw, volume(draw, 4))});
}
Example draw_large_global_average_pool(Draw& draw) {
  return example(GlobalAveragePool{}, {random_input(draw, large_volume(draw))});
}

Example draw_linear(Draw& draw) {
  const Index rows = draw.size(1, 5), inputs = draw.size(1, 9), outputs = draw.size(1, 7);
  return example(Linear{}, {random_input(draw, {rows, inputs}), random_parameter(draw, {outputs, inputs}),
                            random_parameter(draw, {outputs})});
}

Example draw_l2_normalise(Draw& draw) {
  const Index rows = draw.size(1, 5), columns = draw.size(2, 9);  // with one column y is ±1 and the gradient zero
  return example(L2Normalise{}, {random_input(draw, {rows, columns})});
}

Example draw_large_l2_normalise(Draw& draw) {
  return example(L2Normalise{}, {random_input(draw, {draw.size(1, 70), draw.size(100, 300)})});
}

Example draw_adam_update_of(Draw& draw, const Shape& shape) {
  std::vector<ExampleInput> in;
  for (int j = 0; j < 4; ++j) {
    in.push_back(random_parameter(draw, shape));
    in.back().differentiable = false;
    in.back().overwritten = j != 1;
  }
  for (double& square : in[3].numbers) square *= square;
  return example(AdamUpdate{.rate = 0.01, .weight_decay = 0.1, .step = draw.size(1, 5)}, std::move(in));
}

Example draw_adam_update(Draw& draw) { return draw_adam_update_of(draw, {draw.size(1, 200)}); }
Example draw_large_adam_update(Draw& draw) { return draw_adam_update_of(draw, {draw.size(2000, 5000)}); }

}  // namespace

std::vector<Spec> Example::specs(DType activations) const {
  std::vector<Spec> all;
  for (const ExampleInput& input : inputs)
    all.push_back({input.shape, input.parameter ? parameter_type(activations) : activations});
  return all;
}

unsigned Example::differentiable() const {
  unsigned mask = 0;
  for (std::size_t j = 0; j < inputs.size(); ++j) mask |= (inputs[j].differentiable ? 1u : 0u) << j;
  return mask;
}

Draw Draw::seeded(std::uint64_t seed, DType activations) {
  auto sizes = std::make_shared<Random>(Key{.seed = seed, .sample = 1});
  return {[sizes](Index a, Index b) { return a + sizes->below(b - a + 1); }, Random({.seed = seed}), activations};
}

const std::map<std::string, OpExamples>& op_examples() {
  static const std::map<std::string, OpExamples> table = {
      {"adam_update", {draw_adam_update, adam_update_misuses(), draw_large_adam_update}},
      {"add", {draw_add, add_misuses(), draw_large_add}},
      {"batch_norm", {draw_norm<BatchNorm>, norm_misuses<BatchNorm>(), draw_large_norm<BatchNorm>}},
      {"batch_norm_add_relu",
       {draw_norm<BatchNormAddRelu>, norm_add_relu_misuses(), draw_large_norm<BatchNormAddRelu>}},
      {"batch_norm_relu", {draw_norm<BatchNormRelu>, norm_misuses<BatchNormRelu>(), draw_large_norm<BatchNormRelu>}},
      {"batch_norm_relu_max_pool",
       {draw_norm_relu_max_pool, norm_relu_max_pool_misuses(), draw_large_norm_relu_max_pool}},
      {"cast", {draw_cast, cast_misuses(), draw_large_cast}},
      {"conv3d", {draw_conv3d, conv3d_misuses(), draw_large_conv3d}},
      {"global_average_pool",
       {draw_global_average_pool, global_average_pool_misuses(), draw_large_global_average_pool}},
      {"l2_normalise", {draw_l2_normalise, l2_normalise_misuses(), draw_large_l2_normalise}},
      {"linear", {draw_linear, linear_misuses()}},
      {"max_pool3d", {draw_max_pool3d, max_pool3d_misuses(), draw_large_max_pool3d}},
      {"relu", {draw_relu, relu_misuses(), draw_large_relu}},
  };
  return table;
}

}  // namespace cg::test
