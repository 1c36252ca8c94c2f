// One participant's map: read from its file, checked, brought to the common grid.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>

#include "data/formats/map_file.h"
#include "experiments/cohorts/map_sources.h"

namespace cg {

/// A map on the grid, and what the report says of it.
struct MapReading {
  Volume volume;
  std::string format;                    ///< "NIfTI-1, INT16", "npy, <f4"
  std::string axes;                      ///< of the file: "LAS"
  std::string done;                      ///< "turned from LAS, area-weighted"
  std::filesystem::path voxels_in;       ///< the file, or of a header and its image the latter
  std::string sha256;                    ///< of voxels_in; empty for a row of a stack
  bool synthetic = false;                ///< the file says so
  Index voxels = 0;                      ///< that hold data (are not 0)
  double least = 0, most = 0, mean = 0;  ///< of these
  double lost = 0;                       ///< share of the file's non-zero volume that lies outside of the grid
};

class MapReader {
 public:
  explicit MapReader(const ImportOptions& options);
  /// On another grid than the options'.
  MapReader(const ImportOptions& options, const SpatialGrid& grid) : options_(options), grid_(grid) {}

  /// Errors (data): another shape than a brain's, voxels that are not finite, a constant map, an orientation that is
  /// unknown or contradicts itself; corrupt, storage. May be called from several threads.
  MapReading read(const MapSource& source) const;

  /// The map as its file has it. Errors: of those, the ones about shape and orientation.
  SpatialVolume original(const MapSource& source) const { return file(source).spatial; }

  const SpatialGrid& grid() const { return grid_; }

 private:
  MapFile file(const MapSource& source) const;
  void apply_mask(const MapSource& source, Volume& volume) const;

  const ImportOptions& options_;
  SpatialGrid grid_;
};

/// Files of a phantom say this in front of their description; a cohort made from them is synthetic.
inline const std::string synthetic_mark = "synthetic phantom";

}  // namespace cg
