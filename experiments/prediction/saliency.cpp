// SPDX-License-Identifier: Apache-2.0
#include "experiments/prediction/saliency.h"

#include <algorithm>
#include <array>

#include "tensor/random.h"

namespace cg {
namespace {

/// A copy of the volume, with noise in the voxels that hold data.
Tensor noisy(const Tensor& volume, const GradientOptions& options, Index sample) {
  const Tensor out = HostBackend().tensor(volume.spec());
  const auto from = volume.data<float>(), to = out.data<float>();
  Random random({.seed = options.seed, .sample = static_cast<std::uint32_t>(sample), .use = Use::noise});
  const double sd = options.samples > 1 ? options.noise : 0;
  for (std::size_t k = 0; k < to.size(); ++k)
    to[k] = from[k] != 0 && sd > 0 ? from[k] + static_cast<float>(sd * random.normal()) : from[k];
  return out;
}

template <class Body>
void for_each_voxel(const VoxelGrid& grid, const Triple& first, const Triple& size, const Body& body) {
  for (Index x = first[0]; x < first[0] + size[0]; ++x)
    for (Index y = first[1]; y < first[1] + size[1]; ++y)
      for (Index z = first[2]; z < first[2] + size[2]; ++z) body(grid.at(x, y, z));
}

/// Predicted ages of copies of a volume, each with one cube set to 0.
std::vector<double> ages_without(Inference& network, const Tensor& volume, const VoxelGrid& grid, const Triple& cube,
                                 std::span<const Triple> places) {
  Shape shape = volume.shape();
  shape[0] = static_cast<Index>(places.size());
  const Tensor batch = HostBackend().tensor({shape, DType::f32});
  const auto voxels = static_cast<std::size_t>(grid.voxels());
  for (std::size_t k = 0; k < places.size(); ++k) {
    const auto row = batch.data<float>().subspan(k * voxels, voxels);
    std::ranges::copy(volume.data<float>(), row.begin());
    for_each_voxel(grid, places[k], cube, [&](std::size_t at) { row[at] = 0; });
  }
  return network.ages(batch);
}

/// sum / n where the volume holds data, 0 elsewhere.
std::vector<float> mean_on_data(std::span<const float> volume, std::span<const double> sum, std::span<const double> n) {
  std::vector<float> out(sum.size(), 0.0f);
  for (std::size_t k = 0; k < out.size(); ++k)
    if (volume[k] != 0 && n[k] > 0) out[k] = static_cast<float>(sum[k] / n[k]);
  return out;
}

}  // namespace

std::vector<Triple> occlusion_places(const VoxelGrid& grid, const OcclusionOptions& options,
                                     std::span<const float> volume) {
  const Triple cube = grid.cube(options.edge_mm), stride = grid.cube(options.stride_mm);
  std::array<std::vector<Index>, 3> starts;
  for (std::size_t a = 0; a < 3; ++a) {
    const Index last = grid.extents[a] - cube[a];
    for (Index at = 0; at < last; at += stride[a]) starts[a].push_back(at);
    starts[a].push_back(last);
  }
  std::vector<Triple> out;
  for (const Index x : starts[0])
    for (const Index y : starts[1])
      for (const Index z : starts[2]) out.push_back({x, y, z});
  if (!volume.empty())
    std::erase_if(out, [&](const Triple& first) {
      bool empty = true;
      for_each_voxel(grid, first, cube, [&](std::size_t at) { empty = empty && volume[at] == 0; });
      return empty;
    });
  return out;
}

std::vector<float> gradient_map(Inference& network, const Tensor& volume, const GradientOptions& options,
                                const SaliencyStep& step) {
  const auto values = volume.data<float>();
  std::vector<double> sum(values.size(), 0.0);
  for (Index sample = 0; sample < options.samples; ++sample) {
    const auto slope = network.differentiate(noisy(volume, options, sample));
    for (std::size_t k = 0; k < sum.size(); ++k) sum[k] += static_cast<double>(slope.gradient[k]);
    if (step) step();
  }
  return mean_on_data(values, sum, std::vector<double>(sum.size(), static_cast<double>(options.samples)));
}

std::vector<float> occlusion_map(Inference& network, const Tensor& volume, const VoxelGrid& grid,
                                 const OcclusionOptions& options, const SaliencyStep& step) {
  const auto values = volume.data<float>();
  const Triple cube = grid.cube(options.edge_mm);
  const std::vector<Triple> places = occlusion_places(grid, options, values);
  const double whole = network.ages(volume)[0];
  std::vector<double> sum(values.size(), 0.0), cubes(values.size(), 0.0);
  for (std::size_t first = 0; first < places.size(); first += static_cast<std::size_t>(options.batch)) {
    const auto some =
        std::span(places).subspan(first, std::min(static_cast<std::size_t>(options.batch), places.size() - first));
    const std::vector<double> ages = ages_without(network, volume, grid, cube, some);
    for (std::size_t k = 0; k < some.size(); ++k)
      for_each_voxel(grid, some[k], cube, [&](std::size_t at) {
        sum[at] += ages[k] - whole;
        ++cubes[at];
      });
    if (step) step();
  }
  return mean_on_data(values, sum, cubes);
}

}  // namespace cg
