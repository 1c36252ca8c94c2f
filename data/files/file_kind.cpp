// SPDX-License-Identifier: Apache-2.0
#include "data/files/file_kind.h"

#include <fmt/format.h>

#include <array>
#include <cstdint>
#include <cstring>

#include "data/files/utf8.h"
#include "tensor/error.h"

namespace cg {
namespace {

using namespace std::string_view_literals;

struct Signature {
  FileKind kind;
  std::size_t at;  ///< byte of the file
  std::string_view bytes;
};

constexpr std::array signatures = {
    Signature{FileKind::npy, 0, "\x93NUMPY"sv},
    Signature{FileKind::hdf5, 0, "\x89HDF\r\n\x1a\n"sv},
    Signature{FileKind::zip, 0, "PK\x03\x04"sv},
    Signature{FileKind::gzip, 0, "\x1f\x8b"sv},
    Signature{FileKind::bzip2, 0, "BZh"sv},
    Signature{FileKind::xz, 0,
              "\xfd"
              "7zXZ\0"sv},
    Signature{FileKind::zstandard, 0, "\x28\xb5\x2f\xfd"sv},
    Signature{FileKind::dicom, 128, "DICM"sv},
    Signature{FileKind::matlab, 0, "MATLAB 5.0"sv},
    Signature{FileKind::lfs_pointer, 0, "version https://git-lfs"sv},
    Signature{FileKind::annex_pointer, 0, "/annex/objects/"sv},
    Signature{FileKind::pickle, 0, "\x80\x02"sv},
    Signature{FileKind::pickle, 0, "\x80\x03"sv},
    Signature{FileKind::pickle, 0, "\x80\x04"sv},
    Signature{FileKind::freesurfer, 0, "\0\0\0\1"sv},
};

/// What the reason says: "a git-lfs pointer …", and the remedy.
struct Words {
  FileKind kind;
  const char* what;
  const char* fix = "Give a file of the expected format.";
};

constexpr std::array words = {
    Words{FileKind::nifti, "a NIfTI or Analyze file"},
    Words{FileKind::npy, "a .npy file"},
    Words{FileKind::hdf5, "an HDF5 file"},
    Words{FileKind::safetensors, "a safetensors file"},
    Words{FileKind::zip, "a zip archive (as .npz, and PyTorch's .pth and .pt)",
          "Unpack the archive (unzip FILE), or convert a PyTorch checkpoint with tools/convert_pth.py."},
    Words{FileKind::pickle, "a Python pickle, which can run code",
          "Convert a PyTorch checkpoint with tools/convert_pth.py."},
    Words{FileKind::gzip, "compressed with gzip", "Decompress the file: gunzip FILE."},
    Words{FileKind::bzip2, "compressed with bzip2", "Decompress the file: bunzip2 FILE."},
    Words{FileKind::xz, "compressed with xz", "Decompress the file: unxz FILE."},
    Words{FileKind::zstandard, "compressed with zstd", "Decompress the file: unzstd FILE."},
    Words{FileKind::freesurfer, "a FreeSurfer volume (.mgh, .mgz)",
          "Convert the volume to NIfTI: mri_convert FILE.mgz FILE.nii.gz."},
    Words{FileKind::dicom, "a DICOM file", "Convert the series to NIfTI: dcm2niix FOLDER."},
    Words{FileKind::matlab, "a MATLAB file", "Save the data as NIfTI or .npy."},
    Words{FileKind::lfs_pointer, "a git-lfs pointer: the content of the file was not downloaded",
          "Download the content: git lfs pull."},
    Words{FileKind::annex_pointer, "a git-annex pointer: the content of the file was not downloaded",
          "Download the content: datalad get FILE, or git annex get FILE."},
    Words{FileKind::web_page, "a web page, perhaps a login page or an error message",
          "Open the address in a browser, and download the file itself."},
};

/// A length in eight bytes, then JSON.
bool is_safetensors(std::string_view first) {
  std::uint64_t length = 0;
  if (first.size() < sizeof length + 2) return false;
  std::memcpy(&length, first.data(), sizeof length);
  return length >= 2 && length < (std::uint64_t{1} << 32) && first[sizeof length] == '{';
}

bool is_web_page(std::string_view first) {
  const std::size_t begin = first.find_first_not_of(" \t\r\n\xef\xbb\xbf");
  if (begin == std::string_view::npos) return false;
  const std::string text = lower_case(first.substr(begin, 14));
  return text.starts_with("<!doctype html") || text.starts_with("<html") || text.starts_with("<?xml");
}

}  // namespace

std::size_t nifti_header_length(std::string_view first) {
  std::uint32_t size = 0;
  if (first.size() >= sizeof size) std::memcpy(&size, first.data(), sizeof size);
  for (const std::uint32_t length : {348u, 540u})
    if (size == length || size == __builtin_bswap32(length)) return length;
  return 0;
}

FileKind file_kind(std::string_view first) {
  if (nifti_header_length(first) > 0) return FileKind::nifti;
  if (is_safetensors(first)) return FileKind::safetensors;
  for (const Signature& s : signatures)
    if (first.size() >= s.at && first.substr(s.at).starts_with(s.bytes)) return s.kind;
  return is_web_page(first) ? FileKind::web_page : FileKind::unknown;
}

void fail_other_kind(const std::string& name, FileKind kind, const std::string& expected) {
  for (const Words& w : words)
    if (w.kind == kind)
      fail(ErrorKind::data, name, fmt::format("the file is {}; expected {}", w.what, expected), w.fix);
  fail(ErrorKind::data, name, fmt::format("the file is not {}, and its format is unknown", expected),
       "Check that this is the right file.");
}

}  // namespace cg
