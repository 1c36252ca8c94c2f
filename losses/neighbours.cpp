// SPDX-License-Identifier: Apache-2.0
#include "losses/neighbours.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "tensor/error.h"

namespace cg {
namespace {

Array cosine_distances(const ArrayView& z) {
  const Row norms = z.square().rowwise().sum().sqrt();
  return pairwise<double>(z.rows(), [&](Index i, Index t) {
    const double length = norms[i] * norms[t];
    return length == 0 ? 1.0 : 1 - (z.row(i) * z.row(t)).sum() / length;
  });
}

}  // namespace

Array distances(const ArrayView& z, Distance distance) {
  switch (distance) {
    case Distance::manhattan:
      return pairwise<double>(z.rows(), [&](Index i, Index t) { return (z.row(i) - z.row(t)).abs().sum(); });
    case Distance::euclidean:
      return pairwise<double>(z.rows(),
                              [&](Index i, Index t) { return std::sqrt((z.row(i) - z.row(t)).square().sum()); });
    case Distance::chebyshev:
      return pairwise<double>(z.rows(), [&](Index i, Index t) { return (z.row(i) - z.row(t)).abs().maxCoeff(); });
    case Distance::cosine:
      break;
  }
  return cosine_distances(z);
}

Array log_repulsion(const Array& distances, Index neighbours, double far_decay) {
  const Index n = distances.rows(), others = neighbours - 1;  // without the anchor
  const auto far = [far_decay](double edge, double d) {
    if (std::isinf(far_decay)) return left_out;
    return d <= edge || far_decay == 0 ? 0.0 : far_decay * std::log(edge / d);
  };
  Array log_nu(n, n);
  std::vector<double> row;
  for (Index i = 0; i < n; ++i) {
    row.assign(&distances(i, 0), &distances(i, 0) + n);
    row.erase(row.begin() + i);
    std::nth_element(row.begin(), row.begin() + (others - 1), row.end());
    const double edge = row[static_cast<std::size_t>(others - 1)];  // e_i
    // All below the edge are neighbours; of those at the edge the first ones, until the number is reached.
    Index at_edge = others - std::count_if(row.begin(), row.end(), [edge](double d) { return d < edge; });
    for (Index t = 0; t < n; ++t) {
      const double d = distances(i, t);
      const bool near = t != i && (d < edge || (d == edge && at_edge-- > 0));
      log_nu(i, t) = near ? 0 : far(edge, d);
    }
    log_nu(i, i) = left_out;
  }
  return log_nu;
}

Index neighbours_at(Index epoch, const NeighbourSchedule& s) {
  const Index steps = epoch / s.step_size, total_steps = s.max_epochs / s.step_size;
  if (total_steps < 2)
    fail(ErrorKind::usage, "loss.step_size",
         fmt::format("{} epochs hold {} step(s) of {}, Algorithm 1 needs two", s.max_epochs, total_steps, s.step_size),
         fmt::format("Set loss.step_size to at most {}, or train.epochs to at least {}",
                     std::max<Index>(1, s.max_epochs / 2), 2 * s.step_size));
  const Index last = std::min(s.final_neighbours, s.batch);
  const double decrement = static_cast<double>(s.batch - last) / static_cast<double>(total_steps - 1);
  // volatile: the product is rounded before it is subtracted. Fused into one instruction it would not be, and a number
  // that falls exactly on an integer could be one less than Algorithm 1 says.
  const volatile double given_up = decrement * static_cast<double>(steps);
  return std::max(last, static_cast<Index>(std::floor(static_cast<double>(s.batch) - given_up)));
}

}  // namespace cg
