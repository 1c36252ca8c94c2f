// SPDX-License-Identifier: Apache-2.0
// A laboratory's folder with three small maps, which tests then change.
#pragma once

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "data/formats/nifti.h"
#include "experiments/cohorts/import.h"
#include "tests/data/formats/sample_npy.h"
#include "tests/data/space/spatial_volumes.h"

namespace cg::test {

constexpr double coarse = 20;  // mm: a grid of 10 × 11 × 10 voxels

/// A progress output that shows nothing.
inline ProgressOutput silent() {
  return {.write = [](std::string_view) {}, .now = [] { return 0.0; }};
}

/// A map on the coarse grid: noise in the middle, 0 around.
inline SpatialVolume sample_map(std::uint64_t seed) {
  const SpatialGrid grid = mni_grid(coarse);
  SpatialVolume out{noise_volume({grid.extents[0], grid.extents[1], grid.extents[2]}, seed), grid.affine};
  for (Index x = 0; x < 10; ++x)
    for (Index y = 0; y < 11; ++y)
      for (Index z = 0; z < 10; ++z)
        if (x < 2 || x > 7 || y < 2 || y > 8 || z < 2 || z > 7) out.volume.values[voxel_index(out.volume, x, y, z)] = 0;
  return out;
}

struct Study {
  std::filesystem::path folder, out;
  ImportOptions options;

  explicit Study(const std::string& name = "study") {
    const auto top = std::filesystem::temp_directory_path() / ("cg-test-" + std::to_string(getpid()) + "-" + name);
    std::filesystem::remove_all(top);
    folder = top / "study";
    out = top / "cohort.h5";
    std::filesystem::create_directories(folder);
    write_table("participant_id\tage\tsex\tstudy\nsub-3\t77,5\tF\tA\nsub-1\t20.5\tmale\tB\nsub-2\t89+\tn/a\tn/a\n");
    for (const int k : {1, 2, 3}) write_map(k, sample_map(static_cast<std::uint64_t>(k)));
    options.root = folder;
    options.table = "participants.tsv";
    options.files = "{participant_id}/{participant_id}_mre.nii.gz";
    options.voxel_mm = coarse;
  }
  ~Study() {
    std::error_code ignored;
    std::filesystem::remove_all(out.parent_path(), ignored);
  }
  Study(const Study&) = delete;
  Study& operator=(const Study&) = delete;

  std::filesystem::path file(int k) const {
    const std::string id = "sub-" + std::to_string(k);
    return folder / id / (id + "_mre.nii.gz");
  }
  void write_map(int k, const SpatialVolume& map) const {
    std::filesystem::create_directories(file(k).parent_path());
    write_nifti(file(k), map);
  }
  void write_table(const std::string& text, const std::string& name = "participants.tsv") const {
    std::filesystem::create_directories((folder / name).parent_path());
    std::ofstream(folder / name) << text;
  }
  /// The same maps as a stack with ids, in an order that differs from the table's.
  void make_stack() {
    std::vector<float> all;
    for (const std::uint64_t k : {1, 2, 3}) {
      const auto map = noise_volume({46, 55, 46}, k);
      all.insert(all.end(), map.values.begin(), map.values.end());
    }
    write_npy((folder / "maps.npy").string(), {3, 1, 46, 55, 46}, all);
    write_npy_texts((folder / "ids.npy").string(), {"sub-1", "sub-2", "sub-3"});
    options.files.clear();
    options.stack = "maps.npy";
    options.ids = "ids.npy";
    options.npy_axes = "RAS";
    options.voxel_mm = 4;
  }
  Imported import() const { return import_cohort(options, out, silent()); }
};

}  // namespace cg::test
