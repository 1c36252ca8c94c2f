// SPDX-License-Identifier: Apache-2.0
// An augmentation: its options, a random draw that depends only on a key, and the change that the draw makes.
#pragma once

#include <concepts>
#include <functional>
#include <span>

#include "data/space/voxel_grid.h"
#include "tensor/fields.h"
#include "tensor/random.h"

namespace cg {

/// A box of voxels: `corner` is its first voxel, `size` its extents.
struct Box {
  Triple corner, size;
};

/// A box of this size inside the grid. All positions have the same probability.
inline Box draw_box(const VoxelGrid& grid, const Triple& size, Random& random) {
  Box box{{}, size};
  for (std::size_t a = 0; a < 3; ++a) box.corner[a] = random.below(grid.extents[a] - size[a] + 1);
  return box;
}

/// The members of the struct are the options; `Draw` contains all random values.
template <class A>
concept Augmentation = requires(const A a, const VoxelGrid grid, Random random, std::span<float> volume) {
  { A::name } -> std::convertible_to<const char*>;
  { A::use } -> std::convertible_to<Use>;
  { A::fields() } -> std::same_as<Fields<A>>;
  { a.probability } -> std::convertible_to<double>;
  { a.draw(grid, random) } -> std::same_as<typename A::Draw>;
  A::apply(a.draw(grid, random), grid, volume);
};

/// Changes a volume in place, or with probability 1 − p leaves it unchanged. The random numbers depend only on seed,
/// epoch, sample and view of the key and on the augmentation's `use`.
template <Augmentation A>
void augment(const A& augmentation, const VoxelGrid& grid, Key key, std::span<float> volume) {
  key.use = A::use;
  Random random(key);
  if (random.uniform() >= augmentation.probability) return;
  A::apply(augmentation.draw(grid, random), grid, volume);
}

/// One augmentation or a sequence of them, on a known grid.
using Augment = std::function<void(const Key& key, std::span<float> volume)>;

/// The option that all augmentations have.
template <class A>
Field<A> probability_field() {
  return field("probability", &A::probability, between(0, 1), "Share of the volumes that are changed.");
}

}  // namespace cg
