// SPDX-License-Identifier: Apache-2.0
// Opens an HDF5 file whose bytes are in memory. Included only by data/formats/hdf5_*.cpp.
#pragma once

#include <string_view>

#include "data/formats/hdf5_id.h"

namespace cg::hdf5 {

/// Opens the bytes of a file, read-only and without a copy; they must outlive it. The library opens nothing on the disk
/// and loads no filters. Not valid if the bytes are not an HDF5 file.
Id open_image(std::string_view bytes);

}  // namespace cg::hdf5
