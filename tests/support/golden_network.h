// SPDX-License-Identifier: Apache-2.0
// The whole network of tests/golden/resnet18.h5 on any device: weights and volumes from a formula, features, three
// steps of training with DynLocRep and Adam, and every parameter's gradient, as PyTorch computed them.
#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "layers/model.h"
#include "optim/adam.h"
#include "tests/losses/golden_cases.h"

namespace cg::test {

/// What the file says about the run.
struct GoldenRun {
  GoldenFile file{"resnet18.h5"};
  nlohmann::ordered_json names = nlohmann::ordered_json::parse(file.text("/", "names"));
  LossCase example = loss_case();
  std::vector<double> ages = file.numbers("ages");

  std::unique_ptr<Loss> loss() const { return make_loss(example.options); }
  LossInput loss_input(const std::vector<double>& z) const {
    return {.z = z, .ages = ages, .views = 2, .neighbours = example.neighbours};
  }

 private:
  LossCase loss_case() const {
    LossCase c;
    read_case_options("resnet18.h5", file.text("/", "loss_options"), c);
    return c;
  }
};

/// How far each kind of number may be off, relative to the largest of its kind.
struct Bounds {
  double features, loss, gradient_norm, entries, updated_norm;
};

inline constexpr Bounds exactly{
    .features = 1e-8, .loss = 1e-8, .gradient_norm = 1e-8, .entries = 1e-8, .updated_norm = 1e-8};
/// Single entries are sums in which much cancels: they are allowed more than the norms.
inline constexpr Bounds single_precision{
    .features = 1e-4, .loss = 1e-4, .gradient_norm = 1e-3, .entries = 5e-3, .updated_norm = 1e-4};
/// bfloat16: 8 bits, rounded at each store; single entries prove nothing, and the gradients are
/// compared in direction instead.
inline constexpr Bounds eight_bits{
    .features = 0.2, .loss = 0.1, .gradient_norm = 0.5, .entries = 1e9, .updated_norm = 1e-3};

/// The network with the file's weights and volumes.
class GoldenNetwork {
 public:
  /// Parameters are doubles beside activations in double, else float32.
  GoldenNetwork(const GoldenRun& run, Backend& backend, DType activations);

  ParameterStore& store() { return store_; }
  /// Features in evaluation mode.
  std::vector<double> evaluate();
  /// Forward, loss, backward: features; the gradients are in the store.
  std::vector<double> gradients(LossResult& result);
  /// Takes over another network's parameters.
  void follow(const GoldenNetwork& other);
  void update() { adam_.step(store_, 1e-4); }

 private:
  const GoldenRun& run_;
  DType activations_;
  Backend& backend_;
  Model model_{ModelOptions{}};
  ParameterStore store_;
  Adam adam_{store_, AdamOptions{}};
  Tensor volumes_;
};

/// Checks one step of the network against the file's.
void check_step(const GoldenRun& run, GoldenNetwork& network, int step, const Bounds& bounds);

/// Three steps on a device, in float32 and in bfloat16, against the file's. Each begins with the parameters that the
/// step in double reached: left to itself a network with rounding errors of its own drifts away, as Adam's first steps
/// move a parameter by the sign of its gradient, however small.
void check_network(Backend& backend);

}  // namespace cg::test
