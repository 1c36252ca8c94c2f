// Volumes in NIfTI files: .nii, .nii.gz, .hdr with .img(.gz); versions 1 and 2, either byte order. libnifti2 decodes
// headers; they are checked here before, and the voxels are read here, so that no file can claim more memory than it
// fills. Read next: map_file.h, data/space/resample.h.
#pragma once

#include <filesystem>
#include <string>

#include "data/formats/map_file.h"
#include "data/space/volume.h"

namespace cg {

struct NiftiLimits {
  Index voxels = Index{1} << 27;  ///< 512³: 512 MiB as float32
};

/// A volume as the file has it, and what its header says of space.
struct NiftiVolume {
  SpatialVolume spatial;  ///< values scaled by the header's slope and intercept; the axes as in the file
  enum class Source { none, qform, sform };
  Source affine_from = Source::none;  ///< sform before qform; none: only voxel sizes are known, not where left is
  std::string format;                 ///< "NIfTI-1, int16, big-endian"
  std::filesystem::path voxels_in;    ///< the file that holds the voxels: the image, where the header is apart
  std::string description;            ///< the header's text
  std::string disagreement;           ///< how sform and qform contradict each other about the axes; mostly empty
};

/// Errors: data (not a plain file, not one volume, no real numbers in it, no NIfTI at all), corrupt (a header that
/// contradicts itself or the file's size, a damaged gzip stream), storage.
NiftiVolume read_nifti(const std::filesystem::path& path, const NiftiLimits& limits = {});

/// The same of a file that says without doubt which side is left. Errors: those, and data where it does not.
NiftiVolume read_oriented_nifti(const std::filesystem::path& path);

/// That as a format of maps.
MapFile read_nifti_map(const std::filesystem::path& path, const MapFileOptions& options);

/// read_nifti of a file's bytes (.nii or .nii.gz), for tests.
NiftiVolume nifti_of(std::string_view bytes, const std::string& name, const NiftiLimits& limits = {});

/// Writes NIfTI-1, float32, little-endian, with the affine as sform, and as qform where it has right angles; gzip if
/// the name ends in .gz. Equal content gives equal bytes; the file appears whole (storage.h). `description`: up to 79
/// bytes. Errors: usage (an axis longer than 32767, another ending than .nii or .nii.gz), storage.
void write_nifti(const std::filesystem::path& path, const SpatialVolume& spatial, const std::string& description = "");

}  // namespace cg
