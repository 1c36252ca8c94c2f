// SPDX-License-Identifier: Apache-2.0
// Maps in .npy files. Such a file has no affine: its shape must be that of a known grid, and the user gives the
// direction of its x axis. Read next: map_file.h.
#pragma once

#include "data/formats/map_file.h"

namespace cg {

/// Reads a file of one map, or a row of a stack. Axes of length 1 before the map's three axes are ignored.
/// Errors: data (no such grid, unknown axes), and those of NpyFile.
MapFile read_npy_map(const std::filesystem::path& path, const MapFileOptions& options);

}  // namespace cg
