// One plane of a volume as a bare picture for pages: a pixel a voxel, transparent where nothing was measured.
#pragma once

#include <span>
#include <string>

#include "experiments/pages/volume_picture.h"

namespace cg {

enum class Tone { viridis, grey };

/// What a plane is drawn with.
struct PlaneStyle {
  std::array<bool, 3> reversed = {};  ///< as in VolumePicture
  double most = 1;                    ///< the value of the brightest colour; the darkest is 0's
  Tone tone = Tone::viridis;
};

/// The plane through the voxel `at` as a PNG file's bytes; the subject's left is left, front is right or up.
std::string plane_png(const VoxelGrid& grid, std::span<const float> values, Plane plane, const Triple& at,
                      const PlaneStyle& style);

/// A PNG as an address that holds it.
std::string data_address(const std::string& png);

}  // namespace cg
