// SPDX-License-Identifier: Apache-2.0
// Adam over the flat buffers of a parameter store; formula in tensor/ops/adam_update.h.
#pragma once

#include "autograd/parameter.h"
#include "tensor/ops/adam_update.h"
#include "tensor/registry.h"

namespace cg {

struct AdamOptions {
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
  double weight_decay = 5e-5;  ///< added to the gradient (coupled), as published
};

class Adam {
 public:
  /// Allocates both moments, zero, on the store's device.
  Adam(const ParameterStore& store, const AdamOptions& options, const Registry& registry = Registry::standard());

  /// Updates the store's values from its gradients at learning rate `rate`. Returns false and changes nothing if a
  /// gradient is not finite.
  bool step(ParameterStore& store, double rate);

  /// The same in three parts, for a device that captures the second in a graph. `prepare` writes on the host what
  /// changes from step to step. `update` computes on the device, with the same buffers every time. `finish`, called
  /// after the device is done, returns as `step` does.
  void prepare(double rate);
  void update(ParameterStore& store);
  bool finish();

  Index steps() const { return steps_; }
  const Tensor& first_moment() const { return first_; }  ///< laid out as the store's values
  const Tensor& second_moment() const { return second_; }
  /// Continues after this number of steps; the caller writes the moments.
  void resume(Index steps) { steps_ = steps; }

 private:
  AdamUpdate op(double rate, Index step) const;

  AdamOptions options_;
  const Registry& registry_;
  Tensor first_, second_;
  Tensor control_, host_control_;  // an AdamControl on the device, and in host memory
  Index steps_ = 0;
};

}  // namespace cg
