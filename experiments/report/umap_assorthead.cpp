// SPDX-License-Identifier: Apache-2.0
// Compiled with assorthead's headers alone. Its Eigen has another namespace here (CMakeLists.txt), so that the linker
// never mixes it with the Eigen of the other files.
#include <algorithm>
#include <knncolle/knncolle.hpp>
#include <memory>
#include <umappp/umappp.hpp>

#include "experiments/report/umap.h"

namespace cg {

bool has_umap() { return true; }

std::vector<double> umap(std::span<const double> points, std::size_t width, const UmapOptions& options) {
  const auto n = static_cast<int>(points.size() / width);
  umappp::Options how;
  how.num_neighbors = std::min(options.neighbours, n - 1);
  how.min_dist = options.least_distance;
  how.initialize_seed = options.seed;
  how.optimize_seed = options.seed;
  how.num_threads = 1;  // the order of sums, and so the bits, depends on nothing else
  how.num_epochs = 300;
  const knncolle::VptreeBuilder<int, double, double> neighbours(
      std::make_shared<knncolle::EuclideanDistance<double, double>>());
  std::vector<double> places(2 * static_cast<std::size_t>(n));
  auto state = umappp::initialize<int, double>(width, n, points.data(), neighbours, 2, places.data(), how);
  state.run(places.data());
  return places;
}

}  // namespace cg
