#include "data/augment/noise.h"

#include <Eigen/Core>
#include <algorithm>
#include <numbers>

namespace cg {
namespace {

constexpr Eigen::Index blocks = 256;  // of random words at a time: few enough for the fastest cache
using Lane = Eigen::Array<float, blocks, 1>;
using Lanes = Eigen::Array<float, blocks, 4, Eigen::RowMajor>;

/// 4 · 256 standard normals by Box and Muller as in to_normals(), in float32 and many at a time: a loader makes a
/// million of them for each volume.
Lanes normals(Random& random) {
  Lanes uniform, out;
  for (Eigen::Index block = 0; block < blocks; ++block) {
    const auto words = random.words();
    for (Eigen::Index lane = 0; lane < 4; ++lane)
      uniform(block, lane) = (static_cast<float>(words[static_cast<std::size_t>(lane)]) + 0.5f) * 0x1p-32f;
  }
  for (Eigen::Index lane = 0; lane < 4; lane += 2) {
    const Lane radius = (-2 * uniform.col(lane).log()).sqrt();
    const Lane angle = 2 * std::numbers::pi_v<float> * uniform.col(lane + 1);
    out.col(lane) = radius * angle.cos();
    out.col(lane + 1) = radius * angle.sin();
  }
  return out;
}

}  // namespace

void Noise::apply(Draw draw, const VoxelGrid&, std::span<float> volume) {
  const auto sd = static_cast<float>(draw.sd);
  for (std::size_t at = 0; at < volume.size(); at += 4 * blocks) {
    const Lanes noise = normals(draw.random);
    const std::size_t n = std::min<std::size_t>(4 * blocks, volume.size() - at);
    for (std::size_t k = 0; k < n; ++k) volume[at + k] += sd * noise.data()[k];
  }
}

}  // namespace cg
