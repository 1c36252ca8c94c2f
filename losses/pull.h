// SPDX-License-Identifier: Apache-2.0
// The pull a_ik: how strongly anchor i is drawn to row k, from the weights of their ages. The weighted losses
// share it and differ in the rows that they repel. Read next: attraction.h, age_kernels.h.
#pragma once

#include "losses/attraction.h"

namespace cg {

/// What the weighted losses hold constant.
struct Pull : Attraction {
  Array w;  ///< [n, n] age weights
};

/// How a pull is normalised.
///              printed              published
enum class Normaliser {
  anchor,    ///< w_ik / Σ_t w_it     the same / n × τ/τ_base: every anchor counts the same
  together,  ///< w_ik / Σ_jt w_jt    the same × τ/τ_base: an anchor with many near its age counts more
};

/// Age weights and pull a_ik of an input; `temperature`: the loss's τ. An anchor whose weights are all 0 gets no pull
/// and is counted.
Pull pull(const LossInput& in, const SharedLossOptions& options, double temperature, Normaliser normaliser,
          WeightPrecision precision = WeightPrecision::float64);

/// Fails when a sum of repulsions has no term: it leaves out the anchor, and in the `printed` formulation the positive
/// k.
void check_someone_besides_k(const std::string& loss, const LossInput& in, const SharedLossOptions& options);

}  // namespace cg
