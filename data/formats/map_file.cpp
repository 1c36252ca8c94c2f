// SPDX-License-Identifier: Apache-2.0
#include "data/formats/map_file.h"

#include <string_view>
#include <vector>

#include "data/files/byte_stream.h"
#include "data/files/file_kind.h"
#include "data/formats/nifti.h"
#include "data/formats/npy_map.h"

namespace cg {
namespace {

struct Format {
  FileKind kind;
  std::vector<std::string> endings;
  MapFile (*read)(const std::filesystem::path&, const MapFileOptions&);
};

const std::vector<Format>& formats() {
  static const std::vector<Format> all{
      {FileKind::nifti, {".nii", ".nii.gz", ".hdr", ".img", ".img.gz"}, read_nifti_map},
      {FileKind::npy, {".npy"}, read_npy_map},
  };
  return all;
}

/// The voxels of a pair of files have no signature.
bool is_of_pair(const std::string& name) {
  return name.ends_with(".hdr") || name.ends_with(".img") || name.ends_with(".img.gz");
}

}  // namespace

MapFile read_map(const std::filesystem::path& path, const MapFileOptions& options) {
  if (is_of_pair(path.string())) return read_nifti_map(path, options);
  std::string first(kind_bytes, '\0');
  ByteStream stream(path);
  first.resize(stream.read_some(first.data(), first.size()));
  const FileKind kind = file_kind(first);
  for (const Format& format : formats())
    if (format.kind == kind) return format.read(path, options);
  fail_other_kind(path.string(), kind, "a NIfTI or .npy file");
}

std::string map_endings() {
  std::string all;
  for (const Format& format : formats())
    for (const std::string& ending : format.endings) all += (all.empty() ? "" : " ") + ending;
  return all;
}

std::string without_map_ending(std::string name) {
  const auto strip = [&](std::string_view ending) {
    if (name.ends_with(ending)) name.resize(name.size() - ending.size());
  };
  strip(".gz");
  for (const Format& format : formats())
    for (const std::string& ending : format.endings) strip(ending);
  return name;
}

}  // namespace cg
