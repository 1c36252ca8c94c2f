// SPDX-License-Identifier: Apache-2.0
// Maps of all formats through the function that reads them.
#include "data/formats/map_file.h"

#include <doctest/doctest.h>

#include "data/formats/nifti.h"
#include "tests/data/formats/raw_h5.h"
#include "tests/data/formats/sample_npy.h"
#include "tests/data/space/spatial_volumes.h"
#include "tests/support/thrown.h"

using namespace cg;
using namespace cg::test;

namespace {

const Shape coarse = {46, 55, 46};  // the phantom's grid at 4 mm

}  // namespace

TEST_CASE("Map file: NIfTI has its affine and its text, .npy the grid of its shape") {
  const TemporaryFile nifti("map.nii.gz"), npy("map.npy");
  const SpatialVolume map{noise_volume({5, 6, 7}), Affine::scale({2, 3, 4}, {-1, -2, -3})};
  write_nifti(nifti.path, map, "a text");
  const MapFile from_nifti = read_map(nifti.path);
  CHECK(from_nifti.spatial.volume.values == map.volume.values);
  CHECK(from_nifti.spatial.affine == map.affine);
  CHECK(from_nifti.format == "NIfTI-1, FLOAT32");
  CHECK(from_nifti.voxels_in == nifti.path);
  CHECK(from_nifti.description == "a text");

  const Volume volume = noise_volume(coarse);
  write_npy(npy.path, {1, 46, 55, 46}, volume.values);
  const MapFile right = read_map(npy.path, {.npy_axes = "RAS"}), left = read_map(npy.path, {.npy_axes = "LAS"});
  CHECK(right.spatial.volume.values == volume.values);
  CHECK(right.spatial.volume.shape == coarse);
  CHECK(right.format == "npy, <f4");
  CHECK(orientation(right.spatial.affine).letters() == "RAS");
  CHECK(orientation(left.spatial.affine).letters() == "LAS");
}

TEST_CASE("Map file: a row of a stack is read as a map") {
  const TemporaryFile npy("maps.npy");
  std::vector<float> all;
  for (const std::uint64_t seed : {1, 2}) {
    const Volume map = noise_volume(coarse, seed);
    all.insert(all.end(), map.values.begin(), map.values.end());
  }
  write_npy(npy.path, {2, 46, 55, 46}, all);
  const MapFile second = read_map(npy.path, {.row = 1, .npy_axes = "RAS"});
  CHECK(second.spatial.volume.values == noise_volume(coarse, 2).values);
}

TEST_CASE("Map file: files with missing or contradictory information are refused") {
  const TemporaryFile npy("map.npy"), small("small.npy"), other("map.txt");
  write_npy(npy.path, coarse, noise_volume(coarse).values);
  check_fails([&] { read_map(npy.path); }, ErrorKind::data, {npy.path, "the direction of the x axis", "--npy-axes"});
  write_npy(small.path, {2, 2, 2}, std::vector<float>(8, 1));
  check_fails([&] { read_map(small.path, {.npy_axes = "RAS"}); }, ErrorKind::data, {"[2, 2, 2]", "[91, 109, 91]"});
  write_bytes(other.path, "text");
  check_fails([&] { read_map(other.path); }, ErrorKind::data, {other.path, "not a NIfTI or .npy file"});
  write_bytes(npy.path, "text");
  check_fails([&] { read_map(npy.path); }, ErrorKind::data, {npy.path, "not a NIfTI or .npy file"});
}

TEST_CASE("Map file: a .npy file of another shape is refused with all shapes that have a known grid") {
  const TemporaryFile file("other.npy");
  write_npy(file.path, {10, 11, 12}, noise_volume({10, 11, 12}).values);
  check_fails([&] { read_map(file.path, {.npy_axes = "RAS"}); }, ErrorKind::data,
              {"shape [10, 11, 12]", "[91, 109, 91] (2 mm) or [182, 218, 182] (1 mm) or [46, 55, 46] (4 mm)"});
}

TEST_CASE("Map file: the content counts, not the name") {
  const TemporaryFile nifti("map.nii"), packed("map.nii.gz"), npy("map.npy");
  const SpatialVolume map{noise_volume({5, 6, 7}), Affine::scale({2, 3, 4}, {-1, -2, -3})};
  write_nifti(nifti.path, map);
  write_nifti(packed.path, map);
  write_npy(npy.path, coarse, noise_volume(coarse).values);
  for (const char* name : {"a.NII.GZ", "a.Nii", "a.nii.gzip", "a.bin", "a", "a.npy"}) {
    CAPTURE(name);
    const TemporaryFile other(name);
    for (const std::string& from : {nifti.path, packed.path}) {
      std::filesystem::copy_file(from, other.path, std::filesystem::copy_options::overwrite_existing);
      CHECK(read_map(other.path).spatial.volume.values == map.volume.values);
    }
    std::filesystem::copy_file(npy.path, other.path, std::filesystem::copy_options::overwrite_existing);
    CHECK(read_map(other.path, {.npy_axes = "RAS"}).format == "npy, <f4");
  }
  write_bytes(nifti.path, "version https://git-lfs.github.com/spec/v1\n");
  check_fails([&] { read_map(nifti.path); }, ErrorKind::data, {nifti.path, "a git-lfs pointer", "git lfs pull"});
}

TEST_CASE("Map file: only the ending of a format is removed from a name") {
  for (const char* name : {"sub-1.nii", "sub-1.nii.gz", "sub-1.hdr", "sub-1.img", "sub-1.img.gz", "sub-1.npy"})
    CHECK(without_map_ending(name) == "sub-1");
  CHECK(without_map_ending("sub-1.txt") == "sub-1.txt");
  CHECK(without_map_ending("sub-1.5.nii") == "sub-1.5");
  CHECK(map_endings() == ".nii .nii.gz .hdr .img .img.gz .npy");
}
