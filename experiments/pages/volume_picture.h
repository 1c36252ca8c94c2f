// SPDX-License-Identifier: Apache-2.0
// A volume as a picture: its sagittal, coronal and axial plane through one voxel, in colours with a scale. Several
// volumes (before and after an augmentation) are in rows under one another, with a common scale or one scale each. The
// subject's left side is on the left.
#pragma once

#include <array>
#include <span>
#include <string>
#include <vector>

#include "data/space/voxel_grid.h"

namespace cg {

/// One row of planes.
struct PictureRow {
  std::string label;          ///< "before"; may be empty
  std::vector<float> values;  ///< [X, Y, Z]; 0: not measured, drawn as background
  double most = 0;            ///< the upper end of the row's own scale, in its `unit`; 0: the picture's scale
  std::string unit = {};
  /// [X, Y, Z]: a volume that is drawn in grey under `values`: 0 as background, otherwise from black at 0 to white at
  /// `under_most`. `values` then keep their signs, on a scale from -`most` to `most`. Empty: no such volume.
  std::vector<float> under = {};
  double under_most = 1;
};

struct VolumePicture {
  std::string title, note;  ///< the note is in red; it may be empty
  VoxelGrid grid;
  std::array<bool, 3> reversed = {};  ///< X points to the left, Y to the back, Z downwards
  std::vector<PictureRow> rows;       ///< at least one; all of them have their own scale, or none has
  Triple at = {};                     ///< the voxel in which the planes meet
  double most = 1;                    ///< the upper end of the common scale; its lower end is 0
  std::string unit;                   ///< "kPa"
};

enum class Plane : std::size_t { sagittal, coronal, axial };  ///< across X, Y, Z

/// The picture as the bytes of a PNG file. Errors (data): a text that is not UTF-8.
std::string volume_png(const VolumePicture& picture);

/// The pixel at the middle of a voxel in a plane of row `row`: from the left, from the top.
std::array<double, 2> pixel_of(const VolumePicture& picture, std::size_t row, Plane plane, const Triple& voxel);

/// The centre of gravity of |values|, as a voxel; the middle of the grid if all are 0.
Triple centre_of(const VoxelGrid& grid, std::span<const float> values);

/// The end of a colour scale: a round number near the largest value that is not 0, ignoring one value in 500.
double scale_end(std::span<const float> values);

}  // namespace cg
