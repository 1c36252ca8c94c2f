// SPDX-License-Identifier: Apache-2.0
// The header of a NIfTI file, checked and decoded. Included only by nifti.cpp and nifti_header.cpp.
#pragma once

#include <string>
#include <string_view>

#include "data/formats/nifti.h"

namespace cg::nifti {

constexpr std::size_t short_header = 348, long_header = 540;  // bytes, of NIfTI-1 and 2

struct Header {
  Triple extents;
  int datatype;         ///< DT_… of nifti1.h
  Index element;        ///< bytes
  bool swapped;         ///< not in this machine's byte order
  bool single_file;     ///< the voxels follow in the same file, from byte `offset` on
  Index offset;         ///< of the voxels in their file
  double slope, inter;  ///< value = slope · stored + inter
  NiftiVolume about;    ///< everything except the voxels

  Index voxels() const { return extents[0] * extents[1] * extents[2]; }
  Index bytes() const { return voxels() * element; }
};

/// `bytes`: those of the header. Errors: as read_nifti.
Header decode(std::string_view bytes, const std::string& name, const NiftiLimits& limits);

}  // namespace cg::nifti
