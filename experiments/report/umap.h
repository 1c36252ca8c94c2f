// SPDX-License-Identifier: Apache-2.0
// A map of points in the plane that keeps neighbours together: UMAP (McInnes, Healy & Melville 2018), computed by
// umappp. Its headers are those of PyPI's package assorthead; a program that was built without them has no UMAP
// (umap_absent.cpp). They bring an Eigen of another version, so umap_assorthead.cpp is compiled apart and exchanges
// only standard types. Read next: principal_components.h, which is always there.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace cg {

/// Whether umap() can be called.
bool has_umap();

struct UmapOptions {
  int neighbours = 15;
  double least_distance = 0.1;  ///< between points of the map
  std::uint64_t seed = 0;
};

/// Places [n, 2], row-major, of points [n, width], row-major. The same seed gives the same bits. n must be greater than
/// 2; with fewer than `neighbours` other points, all others are neighbours.
std::vector<double> umap(std::span<const double> points, std::size_t width, const UmapOptions& options);

}  // namespace cg
