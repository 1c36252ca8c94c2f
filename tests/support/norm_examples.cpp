// SPDX-License-Identifier: Apache-2.0
#include "tests/support/norm_examples.h"

#include <algorithm>
#include <cmath>

namespace cg::test {

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

std::vector<Spec> norm_specs(const Shape& x) {
  const Spec channels = f32({x.back()});
  return {f32(x), channels, channels, channels, channels};
}

std::vector<Misuse> norm_misuses(const AnyOp& op, const std::vector<Spec>& more) {
  std::vector<Misuse> all;
  const auto add = [&](std::vector<Spec> specs, std::vector<std::string> words) {
    specs.insert(specs.end(), more.begin(), more.end());
    all.push_back({op, std::move(specs), std::move(words)});
  };
  const std::vector<Spec> good = norm_specs({2, 3, 3, 3, 4});
  constexpr const char* names[] = {"input", "weight", "bias", "running mean", "running variance"};
  for (std::size_t j = 1; j < 5; ++j) {
    std::vector<Spec> specs = good;
    specs[j] = f32({5});
    add(specs, {names[j], "[5]", "expected float32 [4]"});
    specs[j] = {{4}, DType::bf16};
    add(specs, {names[j], "bfloat16", "expected float32 [4]"});
  }
  std::vector<Spec> flat = good;
  flat[0] = f32({4});
  add(flat, {"input", "[4]", "2 axes"});
  add(norm_specs({1, 1, 1, 1, 4}), {"one value", "at least 2"});
  add(norm_specs({2, 3, 3, 3, 0}), {"[2, 3, 3, 3, 0]", "at least 1"});
  return all;
}

std::vector<ExampleInput> normalised(const std::vector<double>& x) {
  const auto parameter = [](double value, bool differentiable) {
    return ExampleInput{{1}, {value}, true, differentiable, !differentiable};
  };
  return {line(x), parameter(1, true), parameter(0, true), parameter(0, false), parameter(0.75, false)};
}

}  // namespace cg::test
