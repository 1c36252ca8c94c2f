// SPDX-License-Identifier: Apache-2.0
// Volumes in NIfTI files: .nii, .nii.gz, .hdr with .img(.gz); versions 1 and 2, both byte orders. libnifti2 decodes the
// headers. This code checks them first and reads the voxels itself, so that no file can claim more memory than it
// fills. Read next: data/space/resample.h.
#pragma once

#include <filesystem>
#include <string>

#include "data/formats/map_file.h"
#include "data/space/volume.h"

namespace cg {

struct NiftiLimits {
  Index voxels = Index{1} << 27;  ///< 512³: 512 MiB as float32
};

/// A volume as the file stores it, and its position as the header states it.
struct NiftiVolume {
  SpatialVolume spatial;  ///< values scaled by the header's slope and intercept; the axes as in the file
  enum class Source { none, qform, sform };
  Source affine_from = Source::none;  ///< sform before qform; none: only voxel sizes are known, not the orientation
  std::string format;                 ///< "NIfTI-1, int16, big-endian"
  std::filesystem::path voxels_in;    ///< the file with the voxels: the image, if the header is a separate file
  std::string description;            ///< the header's text
  std::string warning;                ///< what was ignored in the file; usually empty
  std::string disagreement;           ///< how sform and qform disagree about the axes; usually empty
};

/// Errors: data (not a plain file, not one volume, no real numbers, not NIfTI), corrupt (a header that contradicts
/// itself or the file's size, a damaged gzip stream), storage.
NiftiVolume read_nifti(const std::filesystem::path& path, const NiftiLimits& limits = {});

/// The same for a file whose orientation is certain. Errors: those, and data if it is not.
NiftiVolume read_oriented_nifti(const std::filesystem::path& path);

/// The same as a format of maps.
MapFile read_nifti_map(const std::filesystem::path& path, const MapFileOptions& options);

/// The same for the bytes of a file (.nii or .nii.gz), for tests.
NiftiVolume nifti_of(std::string_view bytes, const std::string& name, const NiftiLimits& limits = {});

/// Writes NIfTI-1, float32, little-endian. The affine is stored as sform, and as qform if it has right angles. Gzip if
/// the name ends in .gz. Equal content gives equal bytes. The file is written in one step (storage.h). `description`:
/// up to 79 bytes. Errors: usage (an axis longer than 32767, an ending other than .nii or .nii.gz), storage.
void write_nifti(const std::filesystem::path& path, const SpatialVolume& spatial, const std::string& description = "");

}  // namespace cg
