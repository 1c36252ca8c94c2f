// One brain's map from a file of any format. A new format: its reader, and a row in the list in map_file.cpp.
// Read next: nifti.h, npy_map.h (the formats).
#pragma once

#include <filesystem>
#include <string>

#include "data/space/volume.h"

namespace cg {

/// What a file of maps does not say itself.
struct MapFileOptions {
  Index row = -1;        ///< of a stack of maps (.npy); −1: the file is one map
  std::string npy_axes;  ///< RAS or LAS: which way x runs in .npy files; empty: unknown
};

/// A map as its file has it, and what is known of it.
struct MapFile {
  SpatialVolume spatial;            ///< it is known for certain which side is left
  std::string format;               ///< "NIfTI-1, INT16", "npy, <f4"
  std::filesystem::path voxels_in;  ///< the file that holds the voxels: of a header and its image the image
  std::string description = {};     ///< the file's own text; empty where its format has none
};

/// Reads a map. Its format is that of the name's ending; a file with an unknown ending is taken for .npy.
/// Errors: data (no such format, not one map, an orientation that is unknown or contradicts itself), corrupt, storage.
MapFile read_map(const std::filesystem::path& path, const MapFileOptions& options = {});

/// The endings of all formats, for a manual: ".nii .nii.gz …".
std::string map_endings();

/// A file's name without the ending of a format of maps.
std::string without_map_ending(std::string name);

}  // namespace cg
