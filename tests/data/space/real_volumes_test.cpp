// SPDX-License-Identifier: Apache-2.0
// Volumes from other sources: templates of Debian's mricron-data, nibabel's test files, nilearn's MNI152 template. Our
// reading and resampling are compared with nibabel, scipy and numpy. `tools/install_dependencies.sh --tests` installs
// them.
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "data/cohort_h5.h"
#include "data/formats/nifti.h"
#include "data/formats/npy.h"
#include "experiments/cohorts/import.h"
#include "experiments/program/environment.h"
#include "tests/data/space/spatial_volumes.h"
#include "tests/support/shell.h"
#include "tests/support/thrown.h"

using namespace cg;
using namespace cg::test;
namespace fs = std::filesystem;

namespace {

const fs::path templates = "/usr/share/mricron/templates";
const fs::path nibabel_files = "/usr/lib/python3/dist-packages/nibabel/tests/data";
const char* const python = "/usr/bin/python3";  // Debian's Python, which has the packages

/// Reports why a test cannot run if something is missing.
bool there(const fs::path& file) {
  static const bool oracle = shell(fmt::format("{} -c 'import nibabel.processing' 2>&1", python)).code == 0;
  if (oracle && fs::exists(file)) return true;
  MESSAGE("[skipped: " << (oracle ? file.string() : "python3-nibabel or python3-scipy")
                       << " does not exist; tools/install_dependencies.sh --tests installs it]");
  return false;
}

/// A folder for the output of the oracle.
struct Oracle {
  fs::path out;
  Oracle() {
    std::string name = (fs::temp_directory_path() / "cg-test-oracle-XXXXXX").string();
    REQUIRE(mkdtemp(name.data()));
    out = name;
  }
  ~Oracle() { fs::remove_all(out); }
  Oracle(const Oracle&) = delete;
  Oracle& operator=(const Oracle&) = delete;

  void run(const std::string& what) const {
    const Finished finished = shell(
        fmt::format("{} {}/tests/data/formats/nifti_oracle.py {} {} 2>&1", python, CG_TEST_SOURCE, out.string(), what));
    CAPTURE(finished.text);
    REQUIRE(finished.code == 0);
  }
  Volume volume(const std::string& name) const {
    const NpyFile npy(out / (name + ".npy"));
    return {npy.shape(), npy.all()};
  }
  Affine affine(const std::string& name) const {
    const std::vector<float> numbers = NpyFile(out / (name + ".npy")).all();
    Affine a;
    for (std::size_t k = 0; k < 12; ++k) a.m[k / 4][k % 4] = static_cast<double>(numbers[k]);
    return a;
  }
};

void check_affine(const Affine& ours, const Affine& theirs) {
  for (std::size_t r = 0; r < 3; ++r)
    for (std::size_t c = 0; c < 4; ++c)
      CHECK(std::abs(ours.m[r][c] - theirs.m[r][c]) <= 1e-5 * std::max(1.0, std::abs(theirs.m[r][c])));
}

/// The largest difference where `inside` is not 0 (everywhere if it is empty).
double worst(const Volume& ours, const Volume& theirs, const std::vector<float>& inside = {}) {
  REQUIRE(ours.shape == theirs.shape);
  double out = 0;
  for (std::size_t k = 0; k < ours.values.size(); ++k)
    if (inside.empty() || inside[k] != 0)
      out = std::max(out, std::abs(static_cast<double>(ours.values[k]) - static_cast<double>(theirs.values[k])));
  return out;
}

double largest(const Volume& v) { return static_cast<double>(*std::max_element(v.values.begin(), v.values.end())); }

void check_read(const fs::path& file, const std::string& format) {
  CAPTURE(file);
  const Oracle oracle;
  oracle.run("read " + file.string());
  const NiftiVolume read = read_nifti(file);
  CHECK(read.format == format);
  CHECK(worst(read.spatial.volume, oracle.volume("values")) == 0);
  check_affine(read.spatial.affine, oracle.affine("affine"));
  const SpatialVolume ras = to_ras(read.spatial);
  CHECK(worst(ras.volume, oracle.volume("ras")) == 0);
  check_affine(ras.affine, oracle.affine("ras_affine"));
}

SpatialGrid grid_of(const fs::path& file) {
  const SpatialVolume spatial = read_nifti(file).spatial;
  return {{spatial.volume.shape[0], spatial.volume.shape[1], spatial.volume.shape[2]}, spatial.affine};
}

/// The mean position of the voxels with this value.
Vector3 middle_of(const SpatialVolume& spatial, float label) {
  Vector3 sum = {};
  double n = 0;
  const Shape& shape = spatial.volume.shape;
  for (Index x = 0, k = 0; x < shape[0]; ++x)
    for (Index y = 0; y < shape[1]; ++y)
      for (Index z = 0; z < shape[2]; ++z, ++k) {
        if (spatial.volume.values[static_cast<std::size_t>(k)] != label) continue;
        const Vector3 p = spatial.affine({static_cast<double>(x), static_cast<double>(y), static_cast<double>(z)});
        for (std::size_t a = 0; a < 3; ++a) sum[a] += p[a];
        ++n;
      }
  REQUIRE(n > 0);
  return {sum[0] / n, sum[1] / n, sum[2] / n};
}

}  // namespace

TEST_CASE("real volumes: templates have the same bits as in nibabel, also after turning to RAS") {
  if (!there(templates / "ch2bet.nii.gz")) return;
  check_read(templates / "ch2bet.nii.gz", "NIfTI-1, UINT8");
  check_read(templates / "AICHAmc.nii.gz", "NIfTI-1, UINT8");
  check_read(templates / "HarvardOxford-cort-maxprob-thr0-1mm.nii.gz", "NIfTI-1, UINT8");
  check_read(templates / "inia19-NeuroMaps.nii.gz", "NIfTI-1, INT16");
  check_read(templates / "inia19-t1-brain.nii.gz", "NIfTI-1, FLOAT32");
}

TEST_CASE("real volumes: nibabel's test files are read, including big-endian and NIfTI-2") {
  if (!there(nibabel_files / "anatomical.nii")) return;
  check_read(nibabel_files / "anatomical.nii", "NIfTI-1, INT16, big-endian");
  check_read(nibabel_files / "reoriented_anat_moved.nii", "NIfTI-1, FLOAT32, big-endian");
  check_read(nibabel_files / "standard.nii.gz", "NIfTI-1, UINT8");
  for (const char* file : {"example4d.nii.gz", "example_nifti2.nii.gz", "functional.nii"})
    check_fails([&] { (void)read_nifti(nibabel_files / file); }, ErrorKind::data, {file, "volumes"});
  const Oracle oracle;
  for (const auto& [file, format] : std::vector<std::pair<const char*, const char*>>{
           {"example4d.nii.gz", "NIfTI-1, INT16"}, {"example_nifti2.nii.gz", "NIfTI-2, INT16"}}) {
    oracle.run(fmt::format("first {}", (nibabel_files / file).string()));
    check_read(oracle.out / "first.nii", format);
    check_read(oracle.out / "first_big.nii", std::string(format) + ", big-endian");
  }
}

TEST_CASE("real volumes: nilearn's MNI152 template is read as by nibabel") {
  const fs::path file = source_root() / "build/test_volumes/mni_icbm152_t1_tal_nlin_sym_09a_converted.nii.gz";
  if (!there(file)) return;
  check_read(file, "NIfTI-1, UINT8");
}

TEST_CASE("real volumes: trilinear resampling agrees with scipy's, aligned and oblique") {
  if (!there(nibabel_files / "anatomical.nii")) return;
  const Oracle oracle;
  const auto check = [&](const fs::path& from, const fs::path& to) {
    CAPTURE(from);
    oracle.run(fmt::format("linear {} {}", from.string(), to.string()));
    const Volume ours = resample(read_nifti(from).spatial, grid_of(to), Sampling::linear).volume;
    const Volume theirs = oracle.volume("linear");
    CHECK(worst(ours, theirs, oracle.volume("inside").values) <= 2e-6 * largest(theirs));
  };
  check(nibabel_files / "anatomical.nii", templates / "ch2bet.nii.gz");  // 2 mm to 1 mm
  oracle.run(fmt::format("first {}", (nibabel_files / "example4d.nii.gz").string()));
  const fs::path oblique = oracle.out / "first.nii";  // turned by 9 degrees
  SpatialVolume grid{{{50, 40, 30}, std::vector<float>(60000, 1)}, Affine::scale({2, 1.7, 1.9}, {20, 0, 10})};
  write_nifti(oracle.out / "grid.nii", grid);
  check(oblique, oracle.out / "grid.nii");
  grid.affine = turned(25, {1.8, 1.7, 1.9}, {-20, -30, -10});
  write_nifti(oracle.out / "turned.nii", grid);
  check(templates / "AICHAmc.nii.gz", oracle.out / "turned.nii");
}

TEST_CASE("real volumes: area weights and nearest labels agree with numpy's and scipy's") {
  if (!there(templates / "ch2bet.nii.gz")) return;
  const Oracle oracle;
  for (const char* name : {"ch2bet.nii.gz", "HarvardOxford-cort-maxprob-thr0-1mm.nii.gz"})
    for (const int edge : {2, 3, 4}) {
      oracle.run(fmt::format("area {} {}", (templates / name).string(), edge));
      const Volume ours = resample(read_nifti(templates / name).spatial, mni_grid(edge), Sampling::linear).volume;
      const Volume theirs = oracle.volume("area");
      CHECK(worst(ours, theirs) <= 1e-6 * largest(theirs));
    }
  SpatialVolume grid{{{60, 70, 60}, std::vector<float>(252000, 1)},
                     Affine::scale({2.6, 2.7, 2.6}, {-80.1, -120.3, -66.4})};
  write_nifti(oracle.out / "grid.nii", grid);
  oracle.run(fmt::format("nearest {} {}", (templates / "aal.nii.gz").string(), (oracle.out / "grid.nii").string()));
  const Volume ours =
      resample(read_nifti(templates / "aal.nii.gz").spatial, grid_of(oracle.out / "grid.nii"), Sampling::nearest)
          .volume;
  CHECK(worst(ours, oracle.volume("nearest")) == 0);
}

TEST_CASE("real volumes: an atlas's left regions are on the left after resampling to the grid") {
  if (!there(templates / "aal.nii.gz")) return;
  const SpatialGrid grid = mni_grid();
  const SpatialVolume atlas{resample(read_nifti(templates / "aal.nii.gz").spatial, grid, Sampling::nearest).volume,
                            grid.affine};
  for (float label = 1; label < 20; label += 2) {  // 1 Precentral_L, 2 Precentral_R, …
    CHECK(middle_of(atlas, label)[0] < -5);
    CHECK(middle_of(atlas, label + 1)[0] > 5);
  }
}

TEST_CASE("real volumes: a template whose sform and qform disagree is detected") {
  if (!there(templates / "JHU-WhiteMatter-labels-2mm.nii.gz")) return;
  CHECK(read_nifti(templates / "JHU-WhiteMatter-labels-2mm.nii.gz").disagreement ==
        "voxel axis 3 points up by the sform, down by the qform: the sform shows the mirror image of the qform");
}

TEST_CASE("real volumes: templates are imported into a cohort file") {
  const fs::path mni = source_root() / "build/test_volumes/mni_icbm152_t1_tal_nlin_sym_09a_converted.nii.gz";
  if (!there(mni) || !there(templates / "ch2bet.nii.gz")) return;
  const fs::path folder = fs::temp_directory_path() / fmt::format("cg-test-{}-templates", getpid());
  const auto add = [&](const fs::path& file, const std::string& id) {
    fs::create_directories(folder / id / "anat");
    fs::copy_file(file, folder / id / "anat" / (id + "_T1w.nii.gz"));
  };
  add(templates / "ch2bet.nii.gz", "sub-colin");
  add(mni, "sub-mni");
  add(templates / "HarvardOxford-cort-maxprob-thr0-1mm.nii.gz", "sub-labels");
  std::ofstream(folder / "participants.tsv") << "participant_id\tage\tsex\nsub-mni\t25\tF\nsub-colin\t30\tM\n"
                                                "sub-labels\t40\tn/a\n";
  ImportOptions options;
  options.root = folder;
  options = with_layout(options, Layout::bids);
  options.modality = "t1";
  options.sampling = Sampling::linear;
  const std::string out = (folder / "cohort.h5").string();
  const Imported done = import_cohort(options, out, {.write = [](std::string_view) {}, .now = [] { return 0.0; }});
  CHECK(done.maps == 3);
  CHECK(done.report.find(",RAS,area-weighted,") != std::string::npos);
  CHECK(done.report.find("LAS,\"turned from LAS, area-weighted\"") != std::string::npos);
  const CohortFile cohort(out);
  CHECK(cohort.volume_shape() == Shape{91, 109, 91});
  const auto inside = [&](Index i) {
    const Volume v = cohort.volume(i);
    return v.values[static_cast<std::size_t>((45 * 109 + 60) * 91 + 50)];
  };
  for (const Index i : {0, 2}) CHECK(inside(i) > 50);  // colin and mni: white matter above the ventricles
  fs::remove_all(folder);
}
