// SPDX-License-Identifier: Apache-2.0
// One plane of a volume as a picture for pages: one pixel per voxel, transparent where nothing was measured.
#pragma once

#include <span>
#include <string>

#include "experiments/pages/volume_picture.h"

namespace cg {

enum class Tone { viridis, grey };

/// The style of a plane.
struct PlaneStyle {
  std::array<bool, 3> reversed = {};  ///< as in VolumePicture
  double most = 1;                    ///< the value of the brightest colour; 0 has the darkest
  Tone tone = Tone::viridis;
};

/// The plane through the voxel `at` as the bytes of a PNG file. The subject's left side is on the left; the front is on
/// the right or at the top.
std::string plane_png(const VoxelGrid& grid, std::span<const float> values, Plane plane, const Triple& at,
                      const PlaneStyle& style);

/// A PNG as an address (data URL) that contains it.
std::string data_address(const std::string& png);

}  // namespace cg
