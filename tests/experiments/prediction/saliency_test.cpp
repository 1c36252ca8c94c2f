// SPDX-License-Identifier: Apache-2.0
// Saliency: the gradient is the derivative of the predicted age, the occlusion its change without a cube; both as
// files in the scan's space, compared with random weights and with the true ageing.
#include "experiments/prediction/saliency.h"

#include <doctest/doctest.h>

#include <cmath>

#include "data/formats/nifti.h"
#include "data/formats/tsv.h"
#include "experiments/prediction/saliency_report.h"
#include "experiments/statistics/map_agreement.h"
#include "losses/dynlocrep.h"
#include "tests/experiments/runner/tiny_run.h"
#include "tests/support/program.h"

using namespace cg;
using namespace cg::test;
namespace fs = std::filesystem;

namespace {

const VoxelGrid grid = {{12, 14, 11}, 10};

/// A small network with random weights and a predictor, as if it had been trained.
TrainedModel sample_model(DType activations = DType::f32, Features features = Features::projected) {
  HostBackend host(Device::reference);
  LearnerOptions options;
  options.model = {.channels = 1, .width = 4, .embedding = 6};
  options.seed = 3;
  Learner learner(host, options, make_loss<DynLocRep>());
  TrainedModel model;
  model.network = options.model;
  for (const Parameter* p : learner.model().parameters()) {
    const std::vector<double> values = learner.parameters().read(*p);
    model.values[p->name] = {values.begin(), values.end()};
  }
  model.prediction.activations = activations;
  model.prediction.features = features;
  Random random({.seed = 8});
  AgePredictor& predictor = model.prediction.predictor;
  predictor.bias = {50};
  for (Index k = 0; k < (features == Features::projected ? 6 : 32); ++k)
    predictor.weights.push_back(20 * random.normal());
  return model;
}

/// A normalised volume, 0 in the first planes.
Tensor volume() {
  const Tensor out = HostBackend().tensor({{1, grid.extents[0], grid.extents[1], grid.extents[2], 1}, DType::f32});
  Random random({.seed = 5});
  std::size_t k = 0;
  for (float& v : out.data<float>()) v = k++ < 3 * 14 * 11 ? 0.0f : static_cast<float>(random.normal());
  return out;
}

double age_with(Inference& network, const Tensor& at, std::span<const float> direction, double step) {
  const Tensor moved = HostBackend().tensor(at.spec());
  for (std::size_t k = 0; k < direction.size(); ++k)
    moved.data<float>()[k] = at.data<float>()[k] + static_cast<float>(step) * direction[k];
  return network.ages(moved)[0];
}

}  // namespace

TEST_CASE("Saliency: the gradient is the change of the predicted age, in any direction, on every device") {
  for (const Features features : {Features::projected, Features::encoder})
    for (const bool fast : {false, true}) {
      CAPTURE(fast);
      const auto backend = fast ? make_cpu_backend() : std::make_unique<HostBackend>();
      const TrainedModel model = sample_model(DType::f32, features);
      Inference network(*backend, model);
      const Tensor at = volume();
      const Inference::Slope slope = network.differentiate(at);
      CHECK(slope.age == doctest::Approx(network.ages(at)[0]).epsilon(1e-6));
      Random random({.seed = 9});
      for (int repetition = 0; repetition < 3; ++repetition) {
        std::vector<float> direction(slope.gradient.size());
        double expected = 0;
        for (std::size_t k = 0; k < direction.size();
             ++k) {  // along the gradient, so that the change is visible in float32
          direction[k] = slope.gradient[k] * static_cast<float>(1 + 0.5 * random.normal());
          expected += static_cast<double>(slope.gradient[k]) * static_cast<double>(direction[k]);
        }
        double size = 0;
        for (const float d : direction) size += static_cast<double>(d) * static_cast<double>(d);
        const double step = 0.001 / std::sqrt(size);  // between the kinks of ReLU and max-pool
        const double change = age_with(network, at, direction, step) - age_with(network, at, direction, -step);
        CHECK(change / (2 * step) == doctest::Approx(expected).epsilon(0.02));
      }
    }
}

TEST_CASE("Saliency: averaged over the kinks, a bfloat16 model has the gradient of the float32 model") {
  const auto backend = make_cpu_backend();
  const TrainedModel single = sample_model(), half = sample_model(DType::bf16);
  Inference a(*backend, single), b(*backend, half);
  const GradientOptions options{.samples = 32, .noise = 0.3};
  const auto x = gradient_map(a, volume(), options), y = gradient_map(b, volume(), options);
  double xy = 0, xx = 0, yy = 0;
  for (std::size_t k = 0; k < x.size(); ++k) {
    xy += static_cast<double>(x[k]) * static_cast<double>(y[k]);
    xx += static_cast<double>(x[k]) * static_cast<double>(x[k]);
    yy += static_cast<double>(y[k]) * static_cast<double>(y[k]);
  }
  CHECK(xy / std::sqrt(xx * yy) > 0.95);
}

TEST_CASE(
    "Saliency: one sample is the gradient itself where there are data; more samples are a mean that depends on the "
    "seed") {
  const auto backend = make_cpu_backend();
  const TrainedModel model = sample_model();
  Inference network(*backend, model);
  const Tensor at = volume();
  const auto plain = gradient_map(network, at, {.samples = 1});
  const auto slope = network.differentiate(at).gradient;
  for (std::size_t k = 0; k < plain.size(); ++k) CHECK(plain[k] == (at.data<float>()[k] != 0 ? slope[k] : 0.0f));
  int steps = 0;
  const auto smooth = gradient_map(network, at, {.samples = 4}, [&] { ++steps; });
  CHECK(steps == 4);
  CHECK(smooth == gradient_map(network, at, {.samples = 4}));
  CHECK(smooth != gradient_map(network, at, {.samples = 4, .seed = 2}));
  CHECK(rank_correlation(smooth, plain) > 0.5);
}

TEST_CASE("Saliency: the occlusion of a voxel is the mean change over the cubes that contain it") {
  const auto backend = make_cpu_backend();
  const TrainedModel model = sample_model();
  Inference network(*backend, model);
  const Tensor at = volume();
  const OcclusionOptions options{.edge_mm = 50, .stride_mm = 30, .batch = 4};  // 5 and 3 voxels
  const auto map = occlusion_map(network, at, grid, options);
  const double whole = network.ages(at)[0];
  for (const Triple& voxel : {Triple{6, 7, 5}, Triple{11, 13, 10}, Triple{3, 0, 0}}) {
    double sum = 0, cubes = 0;
    for (const Triple& first : occlusion_places(grid, options)) {
      bool inside = true;
      for (std::size_t a = 0; a < 3; ++a) inside = inside && voxel[a] >= first[a] && voxel[a] < first[a] + 5;
      if (!inside) continue;
      const Tensor without = HostBackend().tensor(at.spec());
      std::ranges::copy(at.data<float>(), without.data<float>().begin());
      for (Index x = first[0]; x < first[0] + 5; ++x)
        for (Index y = first[1]; y < first[1] + 5; ++y)
          for (Index z = first[2]; z < first[2] + 5; ++z) without.data<float>()[grid.at(x, y, z)] = 0;
      sum += network.ages(without)[0] - whole;
      ++cubes;
    }
    REQUIRE(cubes > 0);
    CHECK(map[grid.at(voxel[0], voxel[1], voxel[2])] == doctest::Approx(sum / cubes).epsilon(1e-3));
  }
  CHECK(map[grid.at(0, 0, 0)] == 0);  // no data
}

TEST_CASE("Saliency: the cubes cover all voxels and are inside the grid, for all sizes") {
  for (const double edge : {10.0, 35.0, 500.0})
    for (const double stride : {10.0, 40.0, 90.0}) {
      const OcclusionOptions options{.edge_mm = edge, .stride_mm = std::min(stride, edge)};
      std::vector<int> held(static_cast<std::size_t>(grid.voxels()));
      const Triple cube = grid.cube(edge);
      for (const Triple& p : occlusion_places(grid, options))
        for (Index x = p[0]; x < p[0] + cube[0]; ++x)
          for (Index y = p[1]; y < p[1] + cube[1]; ++y)
            for (Index z = p[2]; z < p[2] + cube[2]; ++z) {
              REQUIRE((x < grid.extents[0] && y < grid.extents[1] && z < grid.extents[2]));
              ++held[grid.at(x, y, z)];
            }
      CHECK(*std::ranges::min_element(held) >= 1);
    }
}

TEST_CASE("Saliency: only cubes without data are skipped") {
  const OcclusionOptions options{.edge_mm = 50, .stride_mm = 30};
  std::vector<float> volume(static_cast<std::size_t>(grid.voxels()), 0.0f);
  volume[grid.at(6, 7, 5)] = -1;
  const std::vector<Triple> all = occlusion_places(grid, options), some = occlusion_places(grid, options, volume);
  const auto holds = [](const Triple& first) {
    return first[0] <= 6 && first[0] + 5 > 6 && first[1] <= 7 && first[1] + 5 > 7 && first[2] <= 5 && first[2] + 5 > 5;
  };
  CHECK(std::ranges::all_of(some, holds));
  CHECK(static_cast<std::ptrdiff_t>(some.size()) == std::ranges::count_if(all, holds));
  CHECK_FALSE(some.empty());
}

TEST_CASE("Saliency: random weights do not depend on the trained ones, and the same seed gives the same weights") {
  const auto backend = make_cpu_backend();
  const TrainedModel model = sample_model();
  TrainedModel other = model;
  for (auto& [name, values] : other.values)
    for (float& v : values) v = 2 * v + 0.125f;
  Inference a(*backend, model), b(*backend, other);
  const double learnt = a.ages(volume())[0];
  CHECK(learnt != b.ages(volume())[0]);
  a.randomise(1);
  b.randomise(1);
  const double random = a.ages(volume())[0];
  CHECK(random == b.ages(volume())[0]);
  CHECK(random != learnt);
  b.randomise(2);
  CHECK(random != b.ages(volume())[0]);
}

TEST_CASE("Saliency: the truth itself has perfect agreement, and only tissue is compared") {
  KnownAgeing truth{{0, 1, 2, 2, 3, 3, 4, 4}, {9, 7, 0.25f, 0.25f, 0.5f, 0.5f, 0, 0}};
  const std::vector<float> occupancy(8, 1.0f);
  const Agreement same = agreement(truth.effect, truth, occupancy);
  CHECK(same.voxels == doctest::Approx(1));
  CHECK(same.regions == doctest::Approx(1));
  CHECK(same.auroc == 1);
  CHECK(same.dice == 1);
  CHECK(same.share == doctest::Approx(2.0 / 6));  // a quarter of six, and one equal value
  std::vector<float> reversed;
  for (const float e : truth.effect) reversed.push_back(1 - e);
  CHECK(agreement(reversed, truth, occupancy).voxels == doctest::Approx(-1));
  CHECK(agreement(reversed, truth, occupancy).auroc == 0);
}

namespace {

Finished saliency(const std::string& arguments) { return run_program(workplace().folder, "saliency", arguments); }

const std::string& model_file() {
  static const std::string path = [] {
    const Result result = run_tiny("run", "seeds=0 train.epochs=2 --device cpu");
    REQUIRE_MESSAGE(result.code == 0, result.text);
    return workplace().folder + "/run/model.h5";
  }();
  return path;
}

fs::path output_file(const std::string& name) { return workplace().folder + "/" + name; }

}  // namespace

TEST_CASE("saliency: maps in the scan's space for any directions of its axes, and a picture") {
  const Finished exported = run_program(workplace().folder, "export_cohort", workplace().cohort + " bids");
  REQUIRE_MESSAGE(exported.code == 0, exported.text);
  std::string first;
  for (const auto& entry : fs::recursive_directory_iterator(output_file("bids")))
    if (entry.path().string().ends_with(".nii.gz") && (first.empty() || entry.path().string() < first))
      first = entry.path().string();
  SpatialVolume plain = read_nifti(first).spatial, turned = plain;
  const Shape n = plain.volume.shape;
  const auto mirrored = [&](const std::vector<float>& values) {
    std::vector<float> out(values.size());
    const Index plane = n[1] * n[2];
    for (Index k = 0; k < n[0] * plane; ++k)
      out[static_cast<std::size_t>((n[0] - 1 - k / plane) * plane + k % plane)] = values[static_cast<std::size_t>(k)];
    return out;
  };
  turned.volume.values = mirrored(plain.volume.values);
  for (auto& row : turned.affine.m) {
    row[3] += row[0] * static_cast<double>(n[0] - 1);
    row[0] = -row[0];
  }
  write_nifti(output_file("sub-a.nii"), plain, "synthetic phantom");
  write_nifti(output_file("sub-b.nii"), turned, "synthetic phantom");
  const Finished done = saliency(model_file() + " sub-a.nii sub-b.nii --edge 42 --stride 28 --samples 2 --out maps");
  REQUIRE_MESSAGE(done.code == 0, done.text);
  CHECK(done.says("SYNTHETIC PHANTOM"));
  for (const char* kind : {"gradient", "occlusion"}) {
    CAPTURE(kind);
    CHECK(done.says(kind));
    const NiftiVolume a = read_nifti(output_file(fmt::format("maps/sub-a_{}.nii.gz", kind)));
    const NiftiVolume b = read_nifti(output_file(fmt::format("maps/sub-b_{}.nii.gz", kind)));
    CHECK(a.spatial.volume.shape == n);
    CHECK(a.description.starts_with("synthetic phantom, saliency of age, "));
    for (std::size_t r = 0; r < 3; ++r)
      for (std::size_t c = 0; c < 4; ++c)
        CHECK(b.spatial.affine.m[r][c] == doctest::Approx(turned.affine.m[r][c]).epsilon(1e-6));
    CHECK(b.spatial.volume.values == mirrored(a.spatial.volume.values));
    CHECK(std::ranges::any_of(a.spatial.volume.values, [](float v) { return v != 0; }));
    for (std::size_t k = 0; k < plain.volume.values.size(); ++k)
      if (plain.volume.values[k] == 0) CHECK(a.spatial.volume.values[k] == 0);
  }
  CHECK(contents(output_file("maps/sub-a.png")).substr(1, 3) == "PNG");
  write_nifti(output_file("sub-real.nii"), plain, "");  // not marked, like the scan of a person
  const Finished real =
      saliency(model_file() + " sub-real.nii --method gradient --samples 1 --check-scans 0 --out real");
  REQUIRE_MESSAGE(real.code == 0, real.text);
  CHECK(read_nifti(output_file("real/sub-real_gradient.nii.gz")).description.starts_with("synthetic phantom, "));
  CHECK(Table(output_file("real/saliency.csv")).cell(0, "synthetic") == "model");
  const Table table(output_file("maps/saliency.csv"));
  REQUIRE(table.rows() == 2);
  CHECK(table.cell(0, "participant_id") == "sub-a");
  CHECK(table.has("trained_on"));
  CHECK(table.cell(0, "synthetic") == "model and scan");
  for (const char* column : {"gradient_random_correlation", "occlusion_random_correlation"})
    CHECK(std::abs(std::stod(table.cell(0, column))) < 1);
  CHECK(fs::exists(output_file("maps/mean_gradient.nii.gz")));
  CHECK_FALSE(fs::exists(output_file("maps/agreement.csv")));
}

TEST_CASE("saliency: a folder with other files is refused with exit code 9, unless --overwrite is given") {
  const std::string folder = workplace().folder + "/taken", command = model_file() + " " + workplace().cohort +
                                                                      " --method gradient --samples 1 --check-scans 0"
                                                                      " --subject phantom-00001 --out taken";
  fs::create_directories(folder);
  std::ofstream(folder + "/thesis.txt") << "mine";
  const Finished refused = saliency(command);
  CHECK(refused.code == 9);
  CHECK_MESSAGE(refused.says("the folder exists and is not empty"), refused.text);
  CHECK_FALSE(fs::exists(folder + "/saliency.csv"));
  CHECK(saliency(command + " --overwrite").code == 0);
  CHECK(contents(folder + "/thesis.txt") == "mine");
}

TEST_CASE("saliency: on a synthetic cohort the maps and those of random weights are compared with the true ageing") {
  const Finished done = saliency(model_file() + " " + workplace().cohort +
                                 " --method gradient --samples 1 --check-scans 2 --out known"
                                 " --subject phantom-00001 --subject phantom-00003");
  REQUIRE_MESSAGE(done.code == 0, done.text);
  CHECK(done.says("agreement with the true ageing"));
  const Table table(output_file("known/agreement.csv"));
  REQUIRE(table.rows() == 2);
  for (const Index row : {0, 1}) {
    CHECK(table.cell(row, "map") == "gradient");
    CHECK(table.cell(row, "synthetic") == "yes");
    CHECK(table.cell(row, "weights") == (row ? "random" : "trained"));
    CHECK(std::abs(std::stod(table.cell(row, "region_correlation"))) <= 1);
  }
  CHECK(fs::exists(output_file("known/mean.png")));
  CHECK(fs::exists(output_file("known/phantom-00003_gradient.nii.gz")));
  CHECK_FALSE(fs::exists(output_file("known/phantom-00002_gradient.nii.gz")));
}

TEST_CASE("saliency: random weights are compared with trained ones on the same scans, if not all scans were checked") {
  const std::string first = model_file() + " " + workplace().cohort +
                            " --method gradient --samples 1 --check-scans 1 --subject phantom-00001 --out ";
  REQUIRE(saliency(first + "one").code == 0);
  REQUIRE(saliency(first + "both --subject phantom-00003").code == 0);
  const Table one(output_file("one/agreement.csv")), both(output_file("both/agreement.csv"));
  REQUIRE(one.rows() == 2);
  REQUIRE(both.rows() == 3);
  CHECK(both.cell(1, "weights") == "trained (checked scans)");
  CHECK(both.cell(2, "weights") == "random (checked scans)");
  for (const char* column : {"voxel_correlation", "auroc", "dice"}) {
    CHECK(both.cell(0, column) != both.cell(1, column));
    for (const Index row : {0, 1}) CHECK(both.cell(row + 1, column) == one.cell(row, column));
  }
}

TEST_CASE("saliency: a wrong command line, a bad scan and a folder that cannot be created give their exit codes") {
  CHECK(saliency(model_file()).code == 2);
  CHECK(saliency(model_file() + " " + workplace().cohort + " --subject unknown --out no").code == 2);
  CHECK(saliency(model_file() + " " + workplace().cohort + " --method other --out no").code == 2);
  const Finished gaps = saliency(model_file() + " " + workplace().cohort + " --edge 28 --stride 42 --out no");
  CHECK(gaps.code == 2);
  CHECK(gaps.says("a step of 42 mm leaves gaps between cubes of 28 mm"));
  const Finished bad = saliency(model_file() + " " + workplace().cohort + " none.nii other.nii --out no");
  CHECK(bad.code == 3);
  CHECK(bad.says("2 problems"));
  CHECK_FALSE(fs::exists(output_file("no")));  // no files of the good scans either
  CHECK(saliency(workplace().cohort + " " + workplace().cohort + " --out no").code == 3);
  std::ofstream(output_file("file")) << "x";
  CHECK(saliency(model_file() + " " + workplace().cohort + " --out file/no").code == 8);
}
