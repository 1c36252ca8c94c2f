// SPDX-License-Identifier: Apache-2.0
// Finds the voxels that a predicted age depends on. Two kinds of map on the model's grid, which show different things:
//   gradient    d age / d voxel, averaged over copies of the volume with a little noise (SmoothGrad, Smilkov et al.
//               2017): the effect of a small change of the voxel
//   occlusion   age(volume with a cube of it set to 0, as cutout does) − age(volume), averaged over the cubes that
//               contain a voxel (Zeiler & Fergus 2014): the effect of removing it
// A map that looks the same for a network with random weights does not explain what was learnt (Adebayo et al. 2018).
// Read next: inference.h.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "data/space/voxel_grid.h"
#include "experiments/prediction/inference.h"

namespace cg {

struct GradientOptions {
  Index samples = 8;   ///< noisy copies; 1: only the volume without noise
  double noise = 0.1;  ///< SD, in standard deviations of the data; only in voxels that hold data
  std::uint64_t seed = 1;
};

struct OcclusionOptions {
  double edge_mm = 24;    ///< of the cubes
  double stride_mm = 12;  ///< from one cube to the next
  Index batch = 8;        ///< volumes that are computed together
};

/// Called after each step of the work; may throw to stop it.
using SaliencyStep = std::function<void()>;

/// [D, H, W]: years per standard deviation of the data; 0 where the volume has no data. `volume`: [1, D, H, W, 1],
/// normalised.
std::vector<float> gradient_map(Inference& network, const Tensor& volume, const GradientOptions& options,
                                const SaliencyStep& step = {});

/// [D, H, W]: years; 0 where the volume has no data.
std::vector<float> occlusion_map(Inference& network, const Tensor& volume, const VoxelGrid& grid,
                                 const OcclusionOptions& options, const SaliencyStep& step = {});

/// The first voxel of each cube. The cubes together cover the grid; the last ones are moved inside. With `volume`: only
/// cubes that contain some of its data, as the others change nothing.
std::vector<Triple> occlusion_places(const VoxelGrid& grid, const OcclusionOptions& options,
                                     std::span<const float> volume = {});

}  // namespace cg
