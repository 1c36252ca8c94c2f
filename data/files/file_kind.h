// SPDX-License-Identifier: Apache-2.0
// What a file is by its first bytes. Names lie: a download can leave a web page or a pointer, and people rename files.
// Each reader of a format asks here, and here is the reason that it gives for a file of another kind.
#pragma once

#include <string>
#include <string_view>

namespace cg {

enum class FileKind {
  nifti,  ///< NIfTI-1 or 2, or Analyze 7.5, which begin alike; unpacked
  npy,    ///< of numpy.save
  hdf5,
  safetensors,
  zip,     ///< also .npz, and PyTorch's .pth and .pt
  pickle,  ///< also PyTorch's before 1.6
  gzip,
  bzip2,
  xz,
  zstandard,
  freesurfer,  ///< .mgh; .mgz is the same, packed by gzip
  dicom,
  matlab,         ///< .mat of version 5; version 7.3 is HDF5
  lfs_pointer,    ///< git-lfs: the content was not fetched
  annex_pointer,  ///< git-annex, DataLad: the content was not fetched
  web_page,       ///< HTML or XML, often the page of a login or an error
  unknown,        ///< none of these
};

/// The bytes from the beginning of a file that show its kind.
constexpr std::size_t kind_bytes = 512;

/// `first`: at least kind_bytes bytes, or the whole of a shorter file.
FileKind file_kind(std::string_view first);

/// The length of a NIfTI header in bytes, by its first four bytes in either byte order: 348 (NIfTI-1, Analyze) or 540
/// (NIfTI-2); 0: another kind of file.
std::size_t nifti_header_length(std::string_view first);

/// Refuses the file `name`. The message says what it is instead of `expected` ("a NIfTI file"), and what to do.
/// Errors (data).
[[noreturn]] void fail_other_kind(const std::string& name, FileKind kind, const std::string& expected);

}  // namespace cg
