// SPDX-License-Identifier: Apache-2.0
// What a training step is made of: network, optimiser, shapes and types. Read next: layers/model.h.
#pragma once

#include "layers/model.h"
#include "optim/adam.h"

namespace cg {

/// Whether the device's kernels read a bfloat16 copy of the parameters for activations of this type.
inline bool reads_bfloat16_copies(const Backend& backend, DType activations) {
  return activations == DType::bf16 && backend.traits().reads_bfloat16_copies;
}

struct LearnerOptions {
  ModelOptions model;
  AdamOptions adam;
  Triple volume = {91, 109, 91};   ///< D, H, W
  DType activations = DType::f32;  ///< float32, bfloat16; or float64 with `parameters`
  DType parameters = DType::f32;   ///< float32 or float64
  bool rounded_volumes = false;    ///< batches have the type of the activations; else that of the parameters
  Index views = 2;                 ///< rows per subject in the loss
  Index encoded_views = 1;         ///< volumes per subject in a batch: 1 if all views are equal, else `views`
  Index queue_size = 0;            ///< rows of the loss's queue; above 0, a prediction head is trained too
  std::uint64_t seed = 0;          ///< of the initial weights

  /// The spec of a batch of volumes: [subjects · of_each, D, H, W, channels].
  Spec batch_spec(Index subjects, Index of_each) const {
    return {{subjects * of_each, volume[0], volume[1], volume[2], model.channels},
            rounded_volumes ? activations : parameters};
  }
  /// Whether there is such a copy; the update then writes it.
  bool reads_bfloat16_copies(const Backend& backend) const { return cg::reads_bfloat16_copies(backend, activations); }
};

}  // namespace cg
