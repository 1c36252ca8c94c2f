// The pull a_ik: how strongly anchor i is drawn to row k, from the weights of their ages. The weighted losses
// share it and differ in whom they repel. Read next: dynlocrep.h.
#pragma once

#include "losses/attraction.h"

namespace cg {

/// What the weighted losses hold constant.
struct Pull : Attraction {
  Array w;  ///< [n, n] age weights
};

/// How a pull is normalised.
enum class Normaliser {
  anchor,    ///< a_ik = w_ik / Σ_t w_it: every anchor counts the same
  together,  ///< a_ik = w_ik / Σ_jt w_jt: an anchor with many near its age counts more
};

/// Age weights and pull of an input, × `factor`. An anchor whose weights are all 0 gets no pull and is counted.
Pull pull(const LossInput& in, const LossOptions& options, Normaliser normaliser, double factor);

/// Fails when a sum of repulsions has no term: it leaves out the anchor, and in the `paper` formulation the positive k.
void check_someone_besides_k(const std::string& loss, const LossInput& in, Formulation formulation);

}  // namespace cg
