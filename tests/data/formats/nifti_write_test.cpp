// SPDX-License-Identifier: Apache-2.0
// NIfTI files that this project writes.
#include <doctest/doctest.h>
#include <nifti/nifti1.h>

#include <cstring>
#include <fstream>
#include <sstream>

#include "data/formats/nifti.h"
#include "tests/data/formats/raw_h5.h"
#include "tests/data/space/spatial_volumes.h"
#include "tests/support/property.h"
#include "tests/support/thrown.h"

using namespace cg;
using namespace cg::test;

namespace {

std::string bytes_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

}  // namespace

TEST_CASE("write_nifti: all bits are read back, and equal content gives equal bytes") {
  property("round trip", [] {
    const auto extent = [] { return *rc::gen::inRange<Index>(1, 8); };
    const SpatialVolume spatial{noise_volume({extent(), extent(), extent()}),
                                turned(*rc::gen::inRange(-180, 180), {2, 1.5, 3}, {-90, 4, 7})};
    for (const char* name : {"round.nii", "round.nii.gz"}) {
      const TemporaryFile first(name), second("second.nii.gz");
      write_nifti(first.path, spatial, "written by a test");
      const NiftiVolume read = read_nifti(first.path);
      RC_ASSERT(read.spatial.volume.shape == spatial.volume.shape);
      RC_ASSERT(read.spatial.volume.values == spatial.volume.values);
      RC_ASSERT(read.disagreement.empty());
      for (std::size_t r = 0; r < 3; ++r)
        for (std::size_t c = 0; c < 4; ++c)
          RC_ASSERT(read.spatial.affine.m[r][c] == static_cast<double>(static_cast<float>(spatial.affine.m[r][c])));
    }
  });
  const TemporaryFile a("a.nii.gz"), b("b.nii.gz");
  const SpatialVolume spatial{noise_volume({4, 5, 6}), Affine::scale({-2, 2, 2}, {90, -126, -72})};
  write_nifti(a.path, spatial);
  write_nifti(b.path, spatial);
  CHECK(bytes_of(a.path) == bytes_of(b.path));
}

TEST_CASE("write_nifti: the qform is equal to the sform, and is not written if axes are sheared") {
  const TemporaryFile file("forms.nii");
  SpatialVolume spatial{noise_volume({2, 2, 2}), Affine::scale({-2, 2, 2}, {90, -126, -72})};
  const auto header = [&] {
    write_nifti(file.path, spatial);
    nifti_1_header h;
    std::memcpy(&h, bytes_of(file.path).data(), sizeof h);
    return h;
  };
  CHECK(header().qform_code == NIFTI_XFORM_ALIGNED_ANAT);
  CHECK(header().pixdim[0] == -1);
  spatial.affine.m[0][1] = 0.5;
  CHECK(header().qform_code == 0);
  check_fails([&] { write_nifti("x.img", spatial); }, ErrorKind::usage, {"x.img"});
  check_fails(
      [&] {
        write_nifti("x.nii", {{{40000, 1, 1}, std::vector<float>(40000)}, spatial.affine});
      },
      ErrorKind::usage, {"too many"});
}
