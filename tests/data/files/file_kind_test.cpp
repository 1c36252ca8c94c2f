// SPDX-License-Identifier: Apache-2.0
// What a file is by its first bytes, and what its refusal says.
#include "data/files/file_kind.h"

#include <doctest/doctest.h>

#include "tensor/random.h"
#include "tests/support/property.h"
#include "tests/support/thrown.h"

using namespace cg;
using namespace cg::test;
using namespace std::string_literals;

namespace {

struct Sample {
  std::string bytes;
  FileKind kind;
  std::string says;  ///< in the refusal
};

const std::vector<Sample>& samples() {
  static const std::vector<Sample> all = {
      {"\x5c\x01\0\0rest"s, FileKind::nifti, "NIfTI"},
      {"\0\0\x01\x5c"s, FileKind::nifti, "NIfTI"},
      {"\x1c\x02\0\0"s, FileKind::nifti, "NIfTI"},
      {"\x93NUMPY\x01\0"s, FileKind::npy, ".npy"},
      {"\x89HDF\r\n\x1a\n"s, FileKind::hdf5, "HDF5"},
      {"\x08\0\0\0\0\0\0\0{}      "s, FileKind::safetensors, "safetensors"},
      {"PK\x03\x04"s, FileKind::zip, "convert_pth.py"},
      {"\x80\x02}q"s, FileKind::pickle, "run code"},
      {"\x1f\x8b\x08"s, FileKind::gzip, "gunzip"},
      {"BZh9"s, FileKind::bzip2, "bunzip2"},
      {"\xfd"s + "7zXZ\0"s, FileKind::xz, "unxz"},
      {"\x28\xb5\x2f\xfd"s, FileKind::zstandard, "unzstd"},
      {"\0\0\0\1\0\0"s, FileKind::freesurfer, "mri_convert"},
      {std::string(128, '\0') + "DICM", FileKind::dicom, "dcm2niix"},
      {"MATLAB 5.0 MAT-file", FileKind::matlab, "MATLAB"},
      {"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", FileKind::lfs_pointer, "git lfs pull"},
      {"/annex/objects/MD5E-s1--0.nii.gz\n", FileKind::annex_pointer, "datalad get"},
      {"\xef\xbb\xbf\r\n <!DOCTYPE HTML><html>", FileKind::web_page, "web page"},
      {"<?xml version='1.0'?><Error/>", FileKind::web_page, "web page"},
      {"<HTML><body>", FileKind::web_page, "web page"},
      {"participant_id\tage\n", FileKind::unknown, "its format is unknown"},
      {"", FileKind::unknown, "its format is unknown"},
      {"\x93NUMP", FileKind::unknown, "its format is unknown"},
  };
  return all;
}

}  // namespace

TEST_CASE("File kind: each kind is known by its first bytes, and its refusal says what it is and what to do") {
  for (const Sample& sample : samples()) {
    CAPTURE(sample.says);
    CHECK(file_kind(sample.bytes) == sample.kind);
    check_fails([&] { fail_other_kind("a.nii.gz", sample.kind, "a thing"); }, ErrorKind::data,
                {"a.nii.gz", "a thing", sample.says});
  }
}

TEST_CASE("File kind: no beginning of a file causes a crash") {
  for (const Sample& sample : samples())
    for (std::size_t n = 0; n < sample.bytes.size(); ++n) (void)file_kind(sample.bytes.substr(0, n));
  Random random({.seed = 9});
  for (int k = 0; k < 1000; ++k) {
    std::string bytes(static_cast<std::size_t>(random.uniform() * 600), '\0');
    for (char& c : bytes) c = static_cast<char>(random.uniform() * 256);
    (void)file_kind(bytes);
  }
}
