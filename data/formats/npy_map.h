// Maps in .npy files. Such a file has no affine: its shape must be that of a grid known here, and the user says which
// way its x axis runs. Read next: npy.h.
#pragma once

#include "data/formats/map_file.h"

namespace cg {

/// A file of one map, or a row of a stack. Axes of one entry in front of the map's three are left out.
/// Errors: data (no such grid, unknown axes), and those of NpyFile.
MapFile read_npy_map(const std::filesystem::path& path, const MapFileOptions& options);

}  // namespace cg
