// Which voxels a predicted age hangs on. Two kinds of map on the model's grid, which see different things:
//   gradient    d age / d voxel, averaged over copies of the volume with a little noise (SmoothGrad, Smilkov et al.
//               2017): what a small change there would do
//   occlusion   age(volume with a cube of it set to 0, as cutout does) − age(volume), averaged over the cubes that
//               hold a voxel (Zeiler & Fergus 2014): what the network loses without it
// A map that looks the same for a network with random weights explains nothing that was learnt (Adebayo et al. 2018).
// Read next: inference.h.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "data/space/voxel_grid.h"
#include "experiments/prediction/inference.h"

namespace cg {

struct GradientOptions {
  Index samples = 8;   ///< noisy copies; 1: the volume as it is
  double noise = 0.1;  ///< its SD, in standard deviations of the data; only where there are data
  std::uint64_t seed = 1;
};

struct OcclusionOptions {
  double edge_mm = 24;    ///< of the cubes
  double stride_mm = 12;  ///< from one cube to the next
  Index batch = 8;        ///< volumes that are computed together
};

/// Told of each piece of work that is done; may throw to end what takes long.
using SaliencyStep = std::function<void()>;

/// [D, H, W]: years a standard deviation of the data; 0 where the volume holds none. `volume`: [1, D, H, W, 1],
/// normalised.
std::vector<float> gradient_map(Inference& network, const Tensor& volume, const GradientOptions& options,
                                const SaliencyStep& step = {});

/// [D, H, W]: years; 0 where the volume holds no data.
std::vector<float> occlusion_map(Inference& network, const Tensor& volume, const VoxelGrid& grid,
                                 const OcclusionOptions& options, const SaliencyStep& step = {});

/// The cubes' first voxels: together they hold every voxel of the grid, the last ones moved inside. With `volume` only
/// those that hold some of its data: the others change nothing.
std::vector<Triple> occlusion_places(const VoxelGrid& grid, const OcclusionOptions& options,
                                     std::span<const float> volume = {});

}  // namespace cg
