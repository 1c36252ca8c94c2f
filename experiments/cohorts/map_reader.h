// SPDX-License-Identifier: Apache-2.0
// Reads one participant's map from its file, checks it, and brings it to the common grid.
#pragma once

#include <filesystem>
#include <string>
#include <utility>

#include "data/formats/map_file.h"
#include "experiments/cohorts/map_sources.h"

namespace cg {

/// A map on the grid, and its values in the report.
struct MapReading {
  Volume volume;
  std::string format;                    ///< "NIfTI-1, INT16", "npy, <f4"
  std::string axes;                      ///< of the file: "LAS"
  std::string done;                      ///< "turned from LAS, area-weighted"
  std::filesystem::path voxels_in;       ///< the file, or the image of a header and its image
  std::string sha256;                    ///< of voxels_in; empty for a row of a stack
  bool synthetic = false;                ///< marked so in the file
  Index voxels = 0;                      ///< voxels that hold data (are not 0)
  double least = 0, most = 0, mean = 0;  ///< of these voxels
  std::string warning = {};              ///< what was ignored in the file
  double lost = 0;                       ///< share of the file's non-zero volume that is outside of the grid
};

/// How files are read and brought to the grid.
struct MapOptions {
  std::string npy_axes = {};  ///< as in ImportOptions
  bool nan_is_zero = false;   ///< NaN in a map means: not measured
  Sampling sampling = Sampling::measured;
};

/// The share of the non-zero volume of a map that is outside of the grid on which it was sampled.
double lost_share(const SpatialVolume& from, const Volume& on_grid, const SpatialGrid& grid);

class MapReader {
 public:
  MapReader(MapOptions options, const SpatialGrid& grid) : options_(std::move(options)), grid_(grid) {}

  /// Errors: data (a shape that is not a brain's, voxels that are not finite, a constant map, an unknown or
  /// contradictory orientation), corrupt, storage. Thread-safe.
  MapReading read(const MapSource& source) const;
  /// The same for a map that was read from its file, except the digest. `source`: for messages, and its mask.
  MapReading read(const MapSource& source, MapFile read) const;

  /// The map as its file has it. Errors: those of `read` about shape and orientation.
  SpatialVolume original(const MapSource& source) const { return file(source).spatial; }

  const SpatialGrid& grid() const { return grid_; }

 private:
  MapFile file(const MapSource& source) const;
  void apply_mask(const MapSource& source, MapReading& reading) const;

  MapOptions options_;
  SpatialGrid grid_;
};

/// The beginning of the description in files of a phantom; a cohort from such files is synthetic.
inline const std::string synthetic_mark = "synthetic phantom";

}  // namespace cg
