// Applications that the ops must refuse, and the words that the message must hold.
#pragma once

#include "tensor/ops/adam_update.h"
#include "tensor/ops/add.h"
#include "tensor/ops/batch_norm_add_relu.h"
#include "tensor/ops/batch_norm_relu_max_pool.h"
#include "tensor/ops/cast.h"
#include "tensor/ops/conv3d.h"
#include "tensor/ops/global_average_pool.h"
#include "tensor/ops/l2_normalise.h"
#include "tensor/ops/linear.h"
#include "tensor/ops/relu.h"
#include "tests/support/op_examples.h"

namespace cg::test {

inline Spec f32(Shape shape) { return {std::move(shape), DType::f32}; }

inline std::vector<Misuse> conv3d_misuses() {
  const Spec x = f32({2, 5, 6, 7, 3}), w = f32({4, 3, 3, 3, 3});
  return {
      {erase(Conv3d{}), {f32({5, 6, 7, 3}), w}, {"input", "[5, 6, 7, 3]", "5 axes"}},
      {erase(Conv3d{}), {x, f32({4, 27, 3})}, {"weight", "[4, 27, 3]", "5 axes"}},
      {erase(Conv3d{}), {x, f32({4, 3, 3, 3, 2})}, {"3 channels", "expects 2"}},
      {erase(Conv3d{}), {x, {w.shape, DType::f64}}, {"weight", "float64", "expected float32"}},
      {erase(Conv3d{}), {x, f32({4, 3, 3, 8, 3})}, {"width is 7", "window is 8"}},
      {erase(Conv3d{.stride = {1, 0, 1}}), {x, w}, {"height", "stride 0", "expected at least"}},
      {erase(Conv3d{.padding = {-1, 0, 0}}), {x, w}, {"depth", "padding -1", "expected at least"}},
      {erase(Conv3d{}), {f32({0, 5, 6, 7, 3}), w}, {"[0, 5, 6, 7, 3]", "at least 1"}},
  };
}

/// x, γ, β, running mean, running variance.
inline std::vector<Spec> norm_specs(const Shape& x) {
  const Spec channels = f32({x.back()});
  return {f32(x), channels, channels, channels, channels};
}

/// Misuses that all normalising ops share; `more`: inputs after the five.
template <Op O>
std::vector<Misuse> norm_misuses(const std::vector<Spec>& more = {}) {
  std::vector<Misuse> all;
  const auto add = [&](std::vector<Spec> specs, std::vector<std::string> words) {
    specs.insert(specs.end(), more.begin(), more.end());
    all.push_back({erase(O{}), std::move(specs), std::move(words)});
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

inline std::vector<Misuse> norm_add_relu_misuses() {
  std::vector<Misuse> all = norm_misuses<BatchNormAddRelu>({f32({2, 3, 3, 3, 4})});
  std::vector<Spec> specs = norm_specs({2, 3, 3, 3, 4});
  specs.push_back(f32({2, 3, 3, 2, 4}));
  all.push_back({erase(BatchNormAddRelu{}), specs, {"residual", "[2, 3, 3, 2, 4]", "expected", "[2, 3, 3, 3, 4]"}});
  specs.back() = {{2, 3, 3, 3, 4}, DType::bf16};
  all.push_back({erase(BatchNormAddRelu{}), specs, {"residual", "bfloat16", "expected float32"}});
  return all;
}

inline std::vector<Misuse> max_pool3d_misuses() {
  const std::vector<Spec> x = {f32({2, 5, 5, 5, 3})};
  return {
      {erase(MaxPool3d{}), {f32({5, 5, 5, 3})}, {"[5, 5, 5, 3]", "5 axes"}},
      {erase(MaxPool3d{.kernel = {7, 7, 7}, .padding = {3, 3, 3}}), x, {"343", "256 at most"}},
      {erase(MaxPool3d{.padding = {1, 2, 1}}), x, {"padding 2", "half", "3"}},
      {erase(MaxPool3d{.kernel = {3, 6, 3}, .padding = {0, 0, 0}}), x, {"height is 5", "window is 6"}},
      {erase(MaxPool3d{.stride = {2, 2, 0}}), x, {"width", "stride 0", "expected at least"}},
  };
}

inline std::vector<Misuse> norm_relu_max_pool_misuses() {
  std::vector<Misuse> all = norm_misuses<BatchNormReluMaxPool>();
  all.push_back({erase(BatchNormReluMaxPool{}), norm_specs({2, 4}), {"[2, 4]", "5 axes"}});
  all.push_back({erase(BatchNormReluMaxPool{{}, {.padding = {1, 1, 2}}}),
                 norm_specs({2, 5, 5, 5, 3}),
                 {"padding 2", "half", "3"}});
  return all;
}

inline std::vector<Misuse> add_misuses() {
  return {
      {erase(Add{}), {f32({2, 3}), f32({3, 2})}, {"[2, 3]", "[3, 2]", "differ"}},
      {erase(Add{}), {f32({2, 3}), {{2, 3}, DType::bf16}}, {"float32", "bfloat16", "differ"}},
  };
}

inline std::vector<Misuse> global_average_pool_misuses() {
  return {
      {erase(GlobalAveragePool{}), {f32({2, 3})}, {"[2, 3]", "5 axes"}},
      {erase(GlobalAveragePool{}), {f32({2, 0, 3, 3, 4})}, {"[2, 0, 3, 3, 4]", "at least 1"}},
  };
}

inline std::vector<Misuse> linear_misuses() {
  const Spec x = f32({2, 3}), w = f32({4, 3}), b = f32({4});
  return {
      {erase(Linear{}), {f32({2, 3, 1}), w, b}, {"input", "[2, 3, 1]", "2 axes"}},
      {erase(Linear{}), {x, f32({12}), b}, {"weight", "[12]", "2 axes"}},
      {erase(Linear{}), {x, f32({4, 5}), b}, {"3 columns", "expects 5"}},
      {erase(Linear{}), {x, {{4, 3}, DType::f64}, b}, {"weight", "float64", "expected float32"}},
      {erase(Linear{}), {x, w, f32({3})}, {"bias", "[3]", "expected float32 [4]"}},
  };
}

inline std::vector<Misuse> l2_normalise_misuses() {
  return {
      {erase(L2Normalise{}), {f32({2, 3, 4})}, {"[2, 3, 4]", "2 axes"}},
      {erase(L2Normalise{}), {f32({0, 4})}, {"[0, 4]", "at least 1"}},
  };
}

inline std::vector<Misuse> adam_update_misuses() {
  return {{erase(AdamUpdate{}), {f32({5}), f32({4}), f32({5}), f32({5})}, {"[4]", "expected float32 [5]"}}};
}

inline std::vector<Misuse> cast_misuses() {
  return {{erase(Cast{DType::u8}), {f32({5})}, {"uint8", "floating-point"}}};
}

/// A ReLU takes every shape.
inline std::vector<Misuse> relu_misuses() { return {}; }

}  // namespace cg::test
