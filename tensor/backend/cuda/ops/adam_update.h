// SPDX-License-Identifier: Apache-2.0
// Adam over flat buffers, and the bfloat16 copy of the values in the same pass; formula in tensor/ops/adam_update.h.
// Bound by memory: reads p, g, m, v and writes p, m, v and the copy, 30 bytes per parameter.
#pragma once

#include <cmath>

#include "tensor/backend/cuda/block/map.h"
#include "tensor/backend/cuda/ops/op_kernel.h"
#include "tensor/ops/adam_update.h"

namespace cg::cuda {

/// The numbers of one update, as the kernel uses them.
struct AdamNumbers {
  float beta1, beta2, rest1, rest2;  ///< rest: 1 − β
  float decay, epsilon;
  float rate;        ///< divided by 1 − β₁ᵗ
  float correction;  ///< 1 / √(1 − β₂ᵗ)

  explicit AdamNumbers(const AdamUpdate& op)
      : beta1(static_cast<float>(op.beta1)),
        beta2(static_cast<float>(op.beta2)),
        rest1(static_cast<float>(1 - op.beta1)),
        rest2(static_cast<float>(1 - op.beta2)),
        decay(static_cast<float>(op.weight_decay)),
        epsilon(static_cast<float>(op.epsilon)) {
    take(AdamControl(op));
  }
  CG_HD void take(const AdamControl& now) {
    rate = static_cast<float>(now.rate) / static_cast<float>(now.first);
    correction = 1 / std::sqrt(static_cast<float>(now.second));
  }
};

struct AdamStep {
  static constexpr int width = 4;

  AdamNumbers numbers;
  const AdamControl* control;  ///< in device memory, read again by each launch of a captured step; may be null
  float* p;
  const float* g;
  float *m, *v;
  bfloat16* copy;  ///< the new values in bfloat16, for the convolutions; may be null

  template <int N>
  CG_HD void at(Index k) const {
    AdamNumbers a = numbers;
    if (control) {
      if (control->finite == 0) return;
      a.take(*control);
    }
    const Lanes<N> gradient = load<N>(g + k);
    Lanes<N> value = load<N>(p + k), mean = load<N>(m + k), square = load<N>(v + k);
    for (int j = 0; j < N; ++j) {
      const float decayed = gradient[j] + a.decay * value[j];
      mean[j] = a.beta1 * mean[j] + a.rest1 * decayed;
      square[j] = a.beta2 * square[j] + a.rest2 * decayed * decayed;
      value[j] -= a.rate * mean[j] / (std::sqrt(square[j]) * a.correction + a.epsilon);
    }
    store(value, p + k);
    store(mean, m + k);
    store(square, v + k);
    if (copy) store(value, copy + k);
  }
};

template <class Launch>
void adam_update(const AdamUpdate& op, const Call& call, const Launch& launch) {
  const bool copies = call.in.size() > 4 && call.in[4], controlled = call.in.size() > 5;
  launch_map(launch, call.in[0].spec().count(),
             AdamStep{AdamNumbers(op),
                      controlled ? reinterpret_cast<const AdamControl*>(pointer<const double>(call.in[5])) : nullptr,
                      pointer<float>(call.in[0]), pointer<const float>(call.in[1]), pointer<float>(call.in[2]),
                      pointer<float>(call.in[3]), copies ? pointer<bfloat16>(call.in[4]) : nullptr});
}

template <class Launch>
struct OpKernel<AdamUpdate, float, Launch> {
  static void forward(const AdamUpdate& op, Call& call) { adam_update(op, call, Launch(call)); }
  static Kernel<AdamUpdate> get() { return {forward, nullptr, nullptr, nullptr}; }
};

}  // namespace cg::cuda
