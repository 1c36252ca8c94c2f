// A volume as a picture: its sagittal, coronal and axial plane through one voxel, in colours with a scale; several
// volumes (before and after an augmentation) under one another on the same scale, or each on a scale of its own. The
// subject's left is left.
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
  std::vector<float> values;  ///< [X, Y, Z]; 0: nothing was measured, drawn as paper
  double most = 0;            ///< the upper end of a scale of the row's own, in its `unit`; 0: the picture's scale
  std::string unit = {};
  /// [X, Y, Z]: a volume that is drawn in grey, 0 as paper, from black at 0 to white at `under_most`. `values` lie over
  /// it, with their signs, on a scale from -`most` to `most`. Empty: nothing.
  std::vector<float> under = {};
  double under_most = 1;
};

struct VolumePicture {
  std::string title, note;  ///< the note, in red, may be empty
  VoxelGrid grid;
  std::array<bool, 3> reversed = {};  ///< X runs right to left, Y front to back, Z up to down
  std::vector<PictureRow> rows;       ///< at least one; with scales of their own all or none
  Triple at = {};                     ///< the voxel that all planes hold
  double most = 1;                    ///< the value of the common scale's upper end; its lower one is 0
  std::string unit;                   ///< "kPa"
};

enum class Plane : std::size_t { sagittal, coronal, axial };  ///< across X, Y, Z

/// The picture as a PNG file's bytes. Errors (data): a text that is not UTF-8.
std::string volume_png(const VolumePicture& picture);

/// The pixel at the middle of a voxel in a plane of row `row`: from the left, from the top.
std::array<double, 2> pixel_of(const VolumePicture& picture, std::size_t row, Plane plane, const Triple& voxel);

/// The middle of a volume's weight |values|, as a voxel; that of the grid if all are 0.
Triple centre_of(const VoxelGrid& grid, std::span<const float> values);

/// A round number near the largest value of those that are not 0, but for one in 500: the end of a colour scale.
double scale_end(std::span<const float> values);

}  // namespace cg
