// SPDX-License-Identifier: Apache-2.0
#include "data/formats/npy_map.h"

#include <fmt/format.h>

#include "data/formats/npy.h"
#include "tensor/error.h"

namespace cg {
namespace {

/// FSL's MNI152 templates, whose voxel 0 is at x = 90 mm and whose x axis points to the left, and the phantom's grid at
/// 4 mm.
struct KnownGrid {
  Shape shape;
  double edge, right;
  Vector3 origin;  ///< if x points to the right
};
const KnownGrid known_grids[] = {{{91, 109, 91}, 2, 90, {-90, -126, -72}},
                                 {{182, 218, 182}, 1, 90, {-91, -126, -72}},
                                 {{46, 55, 46}, 4, 91, {-89, -125, -71}}};

/// The affine of the known grid of this shape.
Affine affine_of(const Shape& shape, const Shape& in_file, const std::string& where, const std::string& axes) {
  for (const KnownGrid& known : known_grids) {
    if (known.shape != shape) continue;
    if (axes.empty())
      fail(ErrorKind::data, where, "a .npy file does not contain the direction of the x axis",
           "Add --npy-axes LAS (to the left, as in FSL's MNI template) or --npy-axes RAS (to the right).");
    const bool right = axes == "RAS";
    const Vector3 origin = {right ? known.origin[0] : known.right, known.origin[1], known.origin[2]};
    return Affine::scale({right ? known.edge : -known.edge, known.edge, known.edge}, origin);
  }
  std::string expected;
  for (const KnownGrid& known : known_grids)
    expected += fmt::format("{}{} ({:g} mm)", expected.empty() ? "" : " or ", to_string(known.shape), known.edge);
  fail(ErrorKind::data, where, fmt::format("the map has shape {}, expected {}", to_string(in_file), expected),
       "Convert the map to NIfTI, which stores the positions of the voxels.");
}

}  // namespace

MapFile read_npy_map(const std::filesystem::path& path, const MapFileOptions& options) {
  const NpyFile npy(path);
  Shape in_file = npy.shape();
  if (options.row >= 0) in_file.erase(in_file.begin());
  Shape shape = in_file;
  while (shape.size() > 3 && shape[0] == 1) shape.erase(shape.begin());              // channels and batches of one
  const Affine affine = affine_of(shape, in_file, path.string(), options.npy_axes);  // before the voxels are read
  return {.spatial = {{shape, options.row < 0 ? npy.all() : npy.row(options.row)}, affine},
          .format = "npy, " + npy.type() + (npy.fortran_order() ? ", Fortran order" : ""),
          .voxels_in = path};
}

}  // namespace cg
