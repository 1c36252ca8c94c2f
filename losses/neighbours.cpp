// SPDX-License-Identifier: Apache-2.0
#include "losses/neighbours.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "tensor/error.h"

namespace cg {
namespace {

Array cosine_distances(const ArrayView& z) {
  const Row norms = z.square().rowwise().sum().sqrt();
  return pairwise<double>(z.rows(), [&](Index i, Index t) {
    const double length = norms[i] * norms[t];
    return length == 0 ? 1.0 : std::max(0.0, 1 - (z.row(i) * z.row(t)).sum() / length);  // rounded, it can be below 0
  });
}

Array distances_of_all(const ArrayView& z, Distance distance) {
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

/// The distance from anchor i to the last of its `others` nearest rows.
double edge_of(Row distances, Index i, Index others) {
  distances[i] = std::numeric_limits<double>::infinity();  // the anchor is not its own neighbour
  std::nth_element(distances.begin(), distances.begin() + (others - 1), distances.end());
  return distances[others - 1];
}

}  // namespace

Array distances(const ArrayView& z, Distance distance) {
  const Index half = z.rows() / 2;
  const bool is_twice = 2 * half == z.rows() && (z.topRows(half) == z.bottomRows(half)).all();  // two equal views
  if (!is_twice) return distances_of_all(z, distance);
  Array all(z.rows(), z.rows());
  all.topLeftCorner(half, half) = distances_of_all(z.topRows(half), distance);
  all.topRightCorner(half, half) = all.topLeftCorner(half, half);
  all.bottomRows(half) = all.topRows(half);
  return all;
}

Array log_repulsion(const Array& distances, Index neighbours, double far_decay) {
  const Index n = distances.rows(), others = neighbours - 1;  // without the anchor
  Array log_nu(n, n);
  std::vector<double> edges;  // e_i
  for (Index i = 0; i < n; ++i) {
    const auto d = distances.row(i);
    const Index twin = i - n / 2;  // of two equal views. Rows with equal distances have equal edges
    const bool is_known = twin >= 0 && (d == distances.row(twin)).all();
    edges.push_back(is_known ? edges[static_cast<std::size_t>(twin)] : edge_of(d, i, others));
    const double edge = edges.back();
    if (std::isinf(far_decay))
      log_nu.row(i) = (d < edge).select(Row::Zero(n), left_out);
    else if (far_decay == 0)
      log_nu.row(i).setZero();
    else
      log_nu.row(i) = (d <= edge).select(Row::Zero(n), far_decay * (edge / d).log());
    log_nu(i, i) = left_out;
    if (!std::isinf(far_decay)) continue;
    // All below the edge are neighbours; of those at the edge the first ones, until the number is reached.
    Index at_edge = others - (log_nu.row(i) == 0).count();
    for (Index t = 0; at_edge > 0; ++t)
      if (t != i && d[t] == edge) {
        log_nu(i, t) = 0;
        --at_edge;
      }
  }
  return log_nu;
}

Index neighbours_at(Index epoch, const NeighbourSchedule& s) {
  const Index steps = epoch / s.step_size, total_steps = s.max_epochs / s.step_size;
  if (total_steps < 2)
    fail(ErrorKind::usage, "loss.step_size",
         fmt::format("{} epochs contain {} step(s) of {} epochs, but Algorithm 1 needs two", s.max_epochs, total_steps,
                     s.step_size),
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
