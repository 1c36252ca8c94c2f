// SPDX-License-Identifier: Apache-2.0
// The real executable on a tiny synthetic cohort.
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <sys/wait.h>

#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "data/cohort_h5.h"
#include "data/formats/nifti.h"
#include "data/phantom/cohort.h"
#include "tests/data/formats/raw_h5.h"
#include "tests/support/png.h"

using namespace cg;
using namespace cg::test;

namespace {

struct Result {
  int code = -1;
  std::string text;  ///< of both standard streams
};

Result run(const std::string& arguments) {
  FILE* pipe = popen(fmt::format("'{}/show_volume' {} --overwrite 2>&1", CG_TEST_BINARIES, arguments).c_str(), "r");
  REQUIRE(pipe);
  Result result;
  char block[4096];
  for (std::size_t n; (n = fread(block, 1, sizeof block, pipe)) > 0;) result.text.append(block, n);
  const int status = pclose(pipe);
  result.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return result;
}

/// Two synthetic subjects.
const std::string& cohort() {
  static const TemporaryFile file("synthetic-phantom.h5");
  static const bool created = [] {
    phantom::CohortOptions options;
    options.subjects = 2;
    options.voxel_mm = 14;
    options.threads = 1;
    phantom::write_cohort(options, file.path);
    return true;
  }();
  static_cast<void>(created);
  return file.path;
}

std::string bytes(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

TEST_CASE("show_volume: a NIfTI file is drawn as the same map of a cohort; NaN needs --nan-is-zero") {
  const CohortFile file(cohort());
  const TemporaryFile nifti("scan.nii.gz"), holed("nan.nii"), from_cohort("a.png"), from_file("b.png");
  SpatialVolume map{file.volume(0), file.affine()};
  write_nifti(nifti.path, map);
  REQUIRE(run(cohort() + " --at 6 7 6 --out " + from_cohort.path).code == 0);
  const Result drawn = run(nifti.path + " --at 6 7 6 --out " + from_file.path);
  REQUIRE_MESSAGE(drawn.code == 0, drawn.text);
  const Png a(bytes(from_cohort.path)), b(bytes(from_file.path));
  CHECK(a.width() == b.width());
  REQUIRE(a.height() == b.height());
  CHECK(a.at(a.width() / 6, a.height() / 2) == b.at(b.width() / 6, b.height() / 2));  // in the first plane
  for (float& v : map.volume.values)
    if (v == 0) v = std::nanf("");
  write_nifti(holed.path, map);
  const Result refused = run(holed.path + " --out " + from_file.path);
  CHECK(refused.code == 3);
  CHECK(refused.text.find("--nan-is-zero") != std::string::npos);
  const TemporaryFile again("c.png");
  CHECK(run(nifti.path + " --out " + from_file.path).code == 0);
  CHECK(run(holed.path + " --nan-is-zero --out " + again.path).code == 0);
  const Png plain(bytes(from_file.path)), zeroed(bytes(again.path));
  REQUIRE(plain.height() == zeroed.height());
  int different = 0;
  for (int y = plain.height() / 5; y < plain.height(); ++y)  // below the title, which names the file
    for (int x = 0; x < plain.width(); ++x) different += plain.at(x, y) != zeroed.at(x, y);
  CHECK(different == 0);
  CHECK(run(nifti.path + " --subject sub-1 --out " + again.path).code == 2);
}

TEST_CASE("show_volume: a file is read and sampled as the import does it, and what is ignored in it is a warning") {
  const CohortFile file(cohort());
  const TemporaryFile stiffness("moved.nii"), t1("moved_T1w.nii"), a("a.png"), b("b.png"), packed("junk.nii.gz");
  SpatialVolume map{file.volume(0), file.affine()};
  map.affine.m[0][3] += 5;  // between the voxels of the grid: zeros blur the rim, or do not
  write_nifti(stiffness.path, map);
  write_nifti(t1.path, map);
  REQUIRE(run(stiffness.path + " --at 6 7 6 --out " + a.path).code == 0);
  REQUIRE(run(t1.path + " --at 6 7 6 --out " + b.path).code == 0);
  const Png measured(bytes(a.path)), linear(bytes(b.path));
  int different = 0;
  for (int y = measured.height() / 5; y < std::min(measured.height(), linear.height()); ++y)  // below the title
    for (int x = 0; x < measured.width(); ++x) different += measured.at(x, y) != linear.at(x, y);
  CHECK(different > 0);
  write_nifti(packed.path, map);
  std::ofstream(packed.path, std::ios::app | std::ios::binary) << "junk";
  const Result warned = run(packed.path + " --out " + a.path);
  CHECK(warned.code == 0);
  CHECK_MESSAGE(warned.text.find("bytes behind the end of the gzip data were ignored") != std::string::npos,
                warned.text);
  map.volume.values[5] = std::nanf("");
  write_nifti(stiffness.path, map);
  const Result refused = run(stiffness.path + " --out " + a.path);
  CHECK(refused.code == 3);
  CHECK_MESSAGE(refused.text.find("voxel 0, 0, 5 is nan") != std::string::npos, refused.text);
  const TemporaryFile renamed("cohort.bin");
  std::filesystem::copy_file(cohort(), renamed.path, std::filesystem::copy_options::overwrite_existing);
  CHECK(run(renamed.path + " --subject phantom-00001 --out " + a.path).code == 0);
}

TEST_CASE(
    "show_volume: each augmentation gives a picture with twice the planes, and the same bytes for the same seed") {
  const TemporaryFile plain("plain.png"), first("first.png"), again("again.png"), other("other.png");
  REQUIRE_MESSAGE(run(fmt::format("{} --out {}", cohort(), plain.path)).code == 0, cohort());
  const int height = Png(bytes(plain.path)).height();
  for (const char* name : {"cutout", "noise", "flip", "rotation", "crop"}) {
    CAPTURE(name);
    const std::string command = fmt::format("{} --subject phantom-00001 --augment {} --out ", cohort(), name);
    REQUIRE(run(command + first.path).code == 0);
    REQUIRE(run(command + again.path + " --seed 0").code == 0);
    CHECK(Png(bytes(first.path)).height() > height * 3 / 2);
    CHECK(bytes(first.path) == bytes(again.path));
  }
  const std::string rotation = fmt::format("{} --augment rotation --at 6 7 6 --out ", cohort());
  REQUIRE(run(rotation + first.path).code == 0);
  REQUIRE(run(rotation + other.path + " --seed 1").code == 0);
  CHECK(bytes(first.path) != bytes(other.path));
  REQUIRE(run(rotation + again.path + " rotation.degrees=0").code == 0);
  CHECK(bytes(first.path) != bytes(again.path));
}

TEST_CASE("show_volume: problems are reported, and nothing is written") {
  const TemporaryFile out("none.png");
  const auto refused = [&](const std::string& arguments, int code, const std::string& word) {
    const Result result = run(arguments + " --out " + out.path);
    CAPTURE(result.text);
    CHECK(result.code == code);
    CHECK(result.text.find(word) != std::string::npos);
    CHECK_FALSE(std::filesystem::exists(out.path));
  };
  refused("/nowhere.h5", 3, "/nowhere.h5");
  refused(cohort() + " --subject unknown", 2, "phantom-00000");
  refused(cohort() + " --augment blur", 2, "cutout");
  refused(cohort() + " --augment rotation rotation.degree=3", 2, "did you mean \"degrees\"?");
  refused(cohort() + " --at 1 2 99", 2, "outside");
  CHECK(run(cohort() + " --out /nowhere/x.png").code == 8);
}
