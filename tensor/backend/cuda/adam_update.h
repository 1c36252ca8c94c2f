// Adam over flat buffers, and the bfloat16 copy of the values in the same pass; formula in tensor/ops/adam_update.h.
// Bound by memory: reads p, g, m, v and writes p, m, v and the copy, 30 bytes a parameter.
#pragma once

#include <cmath>

#include "tensor/backend/cuda/map.h"
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
        epsilon(static_cast<float>(op.epsilon)),
        rate(static_cast<float>(op.rate / (1 - std::pow(op.beta1, op.step)))),
        correction(static_cast<float>(1 / std::sqrt(1 - std::pow(op.beta2, op.step)))) {}
};

/// What an update on a GPU may have beside the op's buffers; all in device memory, each may be null.
struct AdamExtras {
  const AdamNumbers* numbers = nullptr;   ///< of a captured step: read at each replay, as rate and step change
  const std::uint32_t* finite = nullptr;  ///< 0: the gradient holds NaN or infinity, the update does nothing
};

struct AdamStep {
  static constexpr int width = 4;

  AdamNumbers numbers;
  AdamExtras extras;
  float* p;
  const float* g;
  float *m, *v;
  bfloat16* copy;  ///< the new values in bfloat16, for the convolutions; may be null

  template <int N>
  CG_HD void at(Index k) const {
    if (extras.finite && *extras.finite == 0) return;
    const AdamNumbers a = extras.numbers ? *extras.numbers : numbers;
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
void adam_update(const AdamUpdate& op, const Call& call, const AdamExtras& extras, const Launch& launch) {
  launch_map(launch, call.in[0].spec().count(),
             AdamStep{AdamNumbers(op), extras, pointer<float>(call.in[0]), pointer<const float>(call.in[1]),
                      pointer<float>(call.in[2]), pointer<float>(call.in[3]),
                      call.in.size() > 4 ? pointer<bfloat16>(call.in[4]) : nullptr});
}

template <class Launch>
Kernel<AdamUpdate> adam_update_kernel() {
  return {[](const AdamUpdate& op, Call& call) { adam_update(op, call, {}, Launch(call)); }, nullptr, nullptr, nullptr};
}

}  // namespace cg::cuda
