// SPDX-License-Identifier: Apache-2.0
// Similarities: S [n, n] from the embeddings z [n, d], and the chain rule from dL/dS back to dL/dz.
// Read next: arrays.h.
#pragma once

#include <concepts>

#include "losses/arrays.h"

namespace cg {

/// s_it = z_i · z_t / τ.
struct InnerProduct {
  double temperature = 0.1;  ///< τ

  /// S = z zᵀ / τ.
  template <class T>
  ArrayOf<T> of(const Eigen::Ref<const ArrayOf<T>>& z) const {
    ArrayOf<T> s(z.rows(), z.rows());
    s.matrix().noalias() = z.matrix() * z.matrix().transpose();
    return s / T(temperature);
  }

  /// dL/dz = (G + Gᵀ) z / τ for G = dL/dS: z_i is in row i of S as the anchor, and in column i as the other of all
  /// anchors.
  Array gradient(const ArrayView& z, const Array& /*s*/, const Array& g) const {
    const Array both = (g + g.transpose()) / temperature;
    Array dz(z.rows(), z.cols());
    dz.matrix().noalias() = both.matrix() * z.matrix();
    return dz;
  }
};

/// s_it = −‖z_i − z_t‖ / τ, by differences: equal rows are exactly 0 apart.
struct NegativeDistance {
  double temperature = 2;  ///< τ

  template <class T>
  ArrayOf<T> of(const Eigen::Ref<const ArrayOf<T>>& z) const {
    return pairwise<T>(z.rows(), [&](Index i, Index t) {
      const auto apart = z.row(i) - z.row(t);
      const T squared = (apart * apart).sum();
      using std::sqrt;
      return detach(squared) == 0 ? T(0) : -sqrt(squared) / T(temperature);
    });
  }

  /// dL/dz_i = Σ_t m_it (z_t − z_i) with m_it = (g_it + g_ti) / (τ ‖z_i − z_t‖): a pull along the line between the two.
  /// Where two rows are equal there is no direction, and no gradient: m_it = 0.
  Array gradient(const ArrayView& z, const Array& s, const Array& g) const {
    const Array m = (s == 0).select(0.0, (g + g.transpose()) / (s * (-temperature * temperature)));
    Array dz = z.colwise() * -m.rowwise().sum();
    dz.matrix().noalias() += m.matrix() * z.matrix();
    return dz;
  }
};

template <class M>
concept Similarity = requires(const M m, const ArrayView& z, const Eigen::Ref<const ArrayOf<Dual>>& dual,
                              const Array& s, const Array& g) {
  { m.template of<double>(z) } -> std::convertible_to<Array>;
  { m.template of<Dual>(dual) } -> std::convertible_to<ArrayOf<Dual>>;
  { m.gradient(z, s, g) } -> std::convertible_to<Array>;
};
static_assert(Similarity<InnerProduct> && Similarity<NegativeDistance>);

}  // namespace cg
