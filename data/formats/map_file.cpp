// SPDX-License-Identifier: Apache-2.0
#include "data/formats/map_file.h"

#include <string_view>
#include <vector>

#include "data/formats/nifti.h"
#include "data/formats/npy_map.h"

namespace cg {
namespace {

struct Format {
  std::vector<std::string> endings;
  MapFile (*read)(const std::filesystem::path&, const MapFileOptions&);
};

/// The last format is also used for files with other endings: its reader reports what is wrong with them.
const std::vector<Format>& formats() {
  static const std::vector<Format> all{
      {{".nii", ".nii.gz", ".hdr", ".img", ".img.gz"}, read_nifti_map},
      {{".npy"}, read_npy_map},
  };
  return all;
}

const Format& format_of(const std::filesystem::path& path) {
  const std::string name = path.filename().string();
  for (const Format& format : formats())
    for (const std::string& ending : format.endings)
      if (name.ends_with(ending)) return format;
  return formats().back();
}

}  // namespace

MapFile read_map(const std::filesystem::path& path, const MapFileOptions& options) {
  return format_of(path).read(path, options);
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
