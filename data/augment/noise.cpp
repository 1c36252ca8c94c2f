// SPDX-License-Identifier: Apache-2.0
#include "data/augment/noise.h"

#include <Eigen/Core>
#include <algorithm>
#include <numbers>
#include <tuple>

namespace cg {
namespace {

constexpr Eigen::Index lane = std::tuple_size_v<Blocks::value_type>;
using Lane = Eigen::Array<float, lane, 1>;
using Lanes = Eigen::Array<float, lane, 4>;

/// Standard normal numbers by Box and Muller as in to_normals(), but in float32 and many at a time: a loader needs a
/// million of them per volume.
Lanes normals(Random& random) {
  const Blocks words = random.blocks();
  const auto uniform = [&](std::size_t w) -> Lane {
    const Eigen::Map<const Eigen::Array<std::uint32_t, lane, 1>> bits(words[w].data());
    return (bits.cast<float>() + 0.5f) * 0x1p-32f;
  };
  Lanes out;
  for (std::size_t w = 0; w < 4; w += 2) {
    const Lane radius = (-2 * uniform(w).log()).sqrt(), angle = 2 * std::numbers::pi_v<float> * uniform(w + 1);
    out.col(static_cast<Eigen::Index>(w)) = radius * angle.cos();
    out.col(static_cast<Eigen::Index>(w) + 1) = radius * angle.sin();
  }
  return out;
}

}  // namespace

void Noise::apply(Draw draw, const VoxelGrid&, std::span<float> volume) {
  const auto sd = static_cast<float>(draw.sd);
  for (std::size_t at = 0; at < volume.size(); at += Lanes::SizeAtCompileTime) {
    const Lanes noise = normals(draw.random);
    const std::size_t n = std::min<std::size_t>(Lanes::SizeAtCompileTime, volume.size() - at);
    for (std::size_t k = 0; k < n; ++k) volume[at + k] += sd * noise.data()[k];
  }
}

}  // namespace cg
