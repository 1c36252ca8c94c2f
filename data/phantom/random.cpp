// SPDX-License-Identifier: Apache-2.0
#include "data/phantom/random.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "tensor/random.h"

namespace cg::phantom {

std::array<std::uint32_t, 4> Draws::block(std::uint32_t index) const {
  return philox({index, subject, static_cast<std::uint32_t>(stream), 0}, {seed, static_cast<std::uint32_t>(kind)});
}

std::vector<double> Draws::uniforms(std::size_t n) const {
  std::vector<double> out;
  for (std::uint32_t b = 0; out.size() < n; ++b)
    for (std::uint32_t bits : block(b)) out.push_back(to_uniform(bits));
  out.resize(n);
  return out;
}

std::vector<double> Draws::normals(std::size_t n) const {
  std::vector<double> out;
  for (std::uint32_t b = 0; out.size() < n; ++b)
    for (double value : to_normals(block(b))) out.push_back(value);
  out.resize(n);
  return out;
}

SplineField::SplineField(std::span<const Point> points, double fwhm, const Draws& draws)
    : spacing_(static_cast<float>(std::sqrt(3.0) * fwhm / 2.3548)) {
  std::array<Index, 3> high;
  low_.fill(std::numeric_limits<Index>::max());
  high.fill(std::numeric_limits<Index>::min());
  for (const Point& p : points) {
    const std::array<float, 3> q = {p.x, p.y, p.z};
    for (std::size_t a = 0; a < 3; ++a) {
      const Index first = node(q[a]).first;
      low_[a] = std::min(low_[a], first);
      high[a] = std::max(high[a], first + 4);
    }
  }
  low_[2] = low_[2] / 4 * 4;  // one block gives four neighbours along z
  for (std::size_t a = 0; a < 3; ++a) extent_[a] = high[a] - low_[a];
  extent_[2] = (extent_[2] + 3) / 4 * 4;
  lattice_.resize(static_cast<std::size_t>(extent_[0] * extent_[1] * extent_[2]));
  std::size_t at = 0;
  for (Index x = low_[0]; x < low_[0] + extent_[0]; ++x)
    for (Index y = low_[1]; y < low_[1] + extent_[1]; ++y)
      for (Index z = low_[2]; z < low_[2] + extent_[2]; z += 4)
        for (double value : to_normals(draws.block(static_cast<std::uint32_t>(x + 1024 * (y + 1024 * (z >> 2))))))
          lattice_[at++] = static_cast<float>(value);
}

SplineField::Node SplineField::node(float coordinate) const {
  const float u = (coordinate + 160.0f) / spacing_, floor = std::floor(u), t = u - floor, s = 1 - t;
  return {static_cast<Index>(floor) - 1,
          {s * s * s / 6, (3 * t * t * t - 6 * t * t + 4) / 6, (-3 * t * t * t + 3 * t * t + 3 * t + 1) / 6,
           t * t * t / 6}};
}

float SplineField::at(const Point& p) const {
  const Node x = node(p.x), y = node(p.y), z = node(p.z);
  float sum = 0;
  for (std::size_t a = 0; a < 4; ++a)
    for (std::size_t b = 0; b < 4; ++b) {
      const Index row =
          (x.first - low_[0] + static_cast<Index>(a)) * extent_[1] + y.first - low_[1] + static_cast<Index>(b);
      const float* v = &lattice_[static_cast<std::size_t>(row * extent_[2] + z.first - low_[2])];
      sum += x.weight[a] * y.weight[b] *
             (z.weight[0] * v[0] + z.weight[1] * v[1] + z.weight[2] * v[2] + z.weight[3] * v[3]);
    }
  static const auto to_unit_variance = static_cast<float>(std::pow(151.0 / 315.0, -1.5));
  return sum * to_unit_variance;
}

}  // namespace cg::phantom
