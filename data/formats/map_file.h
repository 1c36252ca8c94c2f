// SPDX-License-Identifier: Apache-2.0
// Reads one brain's map from a file of any format. A new format needs its reader, a row in the list in
// map_file.cpp, and its first bytes in data/files/file_kind.h. The formats are in nifti.h and npy_map.h. Read next:
// data/space/volume.h.
#pragma once

#include <filesystem>
#include <string>

#include "data/space/volume.h"

namespace cg {

/// Information that a file of maps does not contain.
struct MapFileOptions {
  Index row = -1;        ///< of a stack of maps (.npy); −1: the file is one map
  std::string npy_axes;  ///< RAS or LAS: the direction of x in .npy files; empty: unknown
};

/// A map as its file has it, and its description.
struct MapFile {
  SpatialVolume spatial;            ///< its orientation is certain
  std::string format;               ///< "NIfTI-1, INT16", "npy, <f4"
  std::filesystem::path voxels_in;  ///< the file with the voxels: the image, if the header is a separate file
  std::string description = {};     ///< the file's text; empty if its format has none
  std::string warning = {};         ///< what was ignored in the file; empty: nothing
};

/// Reads a map. The first bytes give the format, whatever the name (only .hdr and .img, one map in two files, are known
/// by their names). Gzip is unpacked. Errors: data (another kind of file, not one map, an unknown or contradictory
/// orientation), corrupt, storage.
MapFile read_map(const std::filesystem::path& path, const MapFileOptions& options = {});

/// The endings of all formats, for a manual: ".nii .nii.gz …".
std::string map_endings();

/// A file's name without the ending of a format of maps.
std::string without_map_ending(std::string name);

}  // namespace cg
