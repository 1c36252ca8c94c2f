// SPDX-License-Identifier: Apache-2.0
// Which rows DynLocRep repels: distances between embeddings, the nearest rows, and how many of them at which epoch.
// All of it is a selection: no gradient flows through it. Read next: arrays.h.
#pragma once

#include "losses/arrays.h"

namespace cg {

enum class Distance { manhattan, euclidean, chebyshev, cosine };

/// What to do with a batch of fewer than 32 subjects (the last one of an epoch).
enum class ShortBatch {
  localise,  ///< Algorithm 1 with the batch's own size
  whole,     ///< every row is a neighbour, as in the published code
};

/// Distances [n, n] between the rows of z [n, d]; symmetric, with a zero diagonal; equal rows have exactly equal
/// distances. `cosine` is 1 − cos of the angle, and 1 where a row is zero. If the second half of the rows repeats the
/// first, as with two equal views, each distance is computed once.
Array distances(const ArrayView& z, Distance distance);

/// log ν [n, n], where ν_it is the weight of t in the denominator of anchor i:
///   0 (ν = 1)              t is one of the `neighbours` nearest rows of i, the anchor counted among them
///   λ log(e_i / d_it)      farther away; e_i is the distance of the farthest neighbour (paper A.1, eq. 4)
///   −∞ (ν = 0)             farther away with λ = far_decay = ∞, and i itself
/// Of rows at the same distance the lower row index is nearer; the anchor is its own nearest, then it is removed.
/// `neighbours`: 2 … n.
Array log_repulsion(const Array& distances, Index neighbours, double far_decay);

/// What Algorithm 1 needs to know.
struct NeighbourSchedule {
  Index batch = 32;             ///< subjects in the batch: the number to start from
  Index final_neighbours = 14;  ///< the number to end with
  Index step_size = 1;          ///< epochs between two steps
  Index max_epochs = 50;
};

/// NN_nb at an epoch, counted from 1 (paper Algorithm 1), in subjects: a loss takes views × NN_nb rows.
/// A batch smaller than `final_neighbours` keeps all of its subjects. Fails when fewer than two steps fit.
Index neighbours_at(Index epoch, const NeighbourSchedule& schedule);

}  // namespace cg
