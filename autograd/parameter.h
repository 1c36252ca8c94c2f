// SPDX-License-Identifier: Apache-2.0
// Parameters and statistics of a model. Layers declare them with a name and a shape. They are stored flat, in one
// buffer each for values, gradients and statistics, so that an update is one pass.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "autograd/variable.h"
#include "tensor/backend.h"

namespace cg {

/// The distribution of a parameter's initial values.
struct Initial {
  enum class Distribution { zeros, ones, normal, uniform };
  Distribution distribution = Distribution::zeros;
  double scale = 0;  ///< standard deviation of `normal`, bound of `uniform`
};

/// One named tensor of a layer.
struct Parameter {
  std::string name;  ///< as in the published checkpoints: "encoder.layer1.0.conv1.weight"
  Shape shape;       ///< the engine's: convolution weights [O, kD, kH, kW, I]
  Initial initial;
  bool trained = true;  ///< false: a statistic (running mean, running variance)
  Variable variable;    ///< views into the store, once there is one
};

/// Owns the numbers of the parameters given to it; they must outlive it.
class ParameterStore {
 public:
  /// Allocates the buffers and connects the parameters to them; values are not set. `dtype`: float32 or float64.
  /// `bfloat16_copy`: keep a rounded copy of the values for kernels. `trains`: allocate gradients.
  ParameterStore(Backend& backend, DType dtype, std::vector<Parameter*> parameters, bool bfloat16_copy = false,
                 bool trains = true);

  /// Draws all values from the seed, each parameter from its own stream: its values do not depend on the sizes of
  /// other parameters.
  void initialise(std::uint64_t seed);

  const std::vector<Parameter*>& parameters() const { return parameters_; }
  Parameter& find(const std::string& name) const;  ///< Errors: usage, for an unknown name
  Index trained_count() const;                     ///< trained numbers, without padding
  Index bytes(const Parameter& parameter) const;   ///< of its part of a flat buffer, with padding

  const Tensor& values() const { return values_; }        ///< flat, with padding between parameters
  const Tensor& gradients() const { return gradients_; }  ///< of the same layout; padding stays zero
  const Tensor& statistics() const { return statistics_; }
  /// The values rounded to bfloat16, in the same layout; empty if no copy is kept. Code that writes to values() also
  /// writes the copy (the update does) or calls round_values().
  const Tensor& bfloat16_copy() const { return bfloat16_copy_; }
  void round_values();
  Backend& backend() const { return backend_; }

  std::vector<double> read(const Parameter& parameter) const;
  std::vector<double> read_gradient(const Parameter& parameter) const;
  void write(Parameter& parameter, const std::vector<double>& values);
  void write(Parameter& parameter, std::span<const float> values);

 private:
  Backend& backend_;
  std::vector<Parameter*> parameters_;
  Tensor values_, gradients_, statistics_, bfloat16_copy_;
};

}  // namespace cg
