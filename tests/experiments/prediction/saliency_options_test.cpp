// SPDX-License-Identifier: Apache-2.0
// The saliency of a trained model: each option has its effect, and units, correlations and means are those of the maps.
#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "data/formats/nifti.h"
#include "experiments/prediction/predict.h"
#include "experiments/prediction/saliency_report.h"
#include "experiments/record/model_file.h"
#include "experiments/statistics/map_agreement.h"
#include "tests/data/formats/sample_npy.h"
#include "tests/experiments/prediction/predicted.h"
#include "tests/support/without_digests.h"

using namespace cg;
using namespace cg::test;
namespace fs = std::filesystem;

TEST_CASE("saliency: each option changes the maps that it speaks of") {
  const auto maps = [](const std::string& options) {
    const Finished done =
        run_program(workplace().folder, "saliency",
                    trained().model + " " + workplace().cohort +
                        " --subject phantom-00001 --check-scans 0 --overwrite --out options " + options);
    REQUIRE_MESSAGE(done.code == 0, done.text);
    std::map<std::string, std::vector<float>> out;
    for (const char* kind : {"gradient", "occlusion"}) {
      const fs::path file = workplace().folder + fmt::format("/options/phantom-00001_{}.nii.gz", kind);
      if (fs::exists(file)) out[kind] = read_nifti(file).spatial.volume.values;
    }
    fs::remove_all(workplace().folder + "/options");
    return out;
  };
  const std::string cubes = " --edge 42 --stride 28 ";
  const auto one = maps("--samples 1" + cubes), silent = maps("--samples 2 --noise 0" + cubes),
             two = maps("--samples 2" + cubes), loud = maps("--samples 2 --noise 1" + cubes);
  CHECK(one.size() == 2);
  CHECK(silent == one);  // equal copies
  CHECK(two.at("gradient") != one.at("gradient"));
  CHECK(loud.at("gradient") != two.at("gradient"));
  CHECK(loud.at("occlusion") == one.at("occlusion"));
  CHECK(maps("--samples 3" + cubes).at("gradient") != two.at("gradient"));
  CHECK(maps("--samples 1 --edge 28 --stride 28").at("occlusion") != one.at("occlusion"));
  CHECK(maps("--samples 1 --edge 42 --stride 14").at("occlusion") != one.at("occlusion"));
  const auto gradient = maps("--method gradient --samples 1"), occlusion = maps("--method occlusion" + cubes);
  CHECK(gradient == decltype(gradient){{"gradient", one.at("gradient")}});
  CHECK(occlusion == decltype(occlusion){{"occlusion", one.at("occlusion")}});
}

TEST_CASE("saliency: --nan-is-zero and --npy-axes are those of the scans") {
  const auto saliency = [](const std::string& scan) {
    return run_program(
        workplace().folder, "saliency",
        trained().model + " " + scan + " --method gradient --samples 1 --check-scans 0 --out axes --overwrite");
  };
  SpatialVolume spatial = read_nifti(trained().files()[0]).spatial;
  for (float& v : spatial.volume.values)
    if (v == 0) v = NAN;
  write_nifti(workplace().folder + "/sub-nan.nii", spatial);
  CHECK(saliency("sub-nan.nii").says("or add --nan-is-zero"));
  CHECK(saliency("sub-nan.nii --nan-is-zero").code == 0);
  const Shape shape = {46, 55, 46};  // of the 4 mm grid
  std::vector<float> values(static_cast<std::size_t>(count(shape)), 0.0f);
  for (std::size_t k = 0; k < values.size(); ++k)
    if (k / (55 * 46) >= 15 && k / (55 * 46) < 21) values[k] = 2.0f + static_cast<float>(k % 100) / 100;
  write_npy(workplace().folder + "/sub-side.npy", shape, values);
  CHECK(saliency("sub-side.npy").says("--npy-axes"));
  const auto map = [&](const std::string& axes) {
    const Finished done = saliency("sub-side.npy --npy-axes " + axes);
    REQUIRE_MESSAGE(done.code == 0, done.text);
    return read_nifti(workplace().folder + "/axes/sub-side_gradient.nii.gz").spatial.volume.values;
  };
  CHECK(map("RAS") != map("LAS"));
}

TEST_CASE("saliency: gradients are per unit of the scan, correlations over the data, means of the absolute values") {
  const TrainedModel model = read_model(trained().model);
  const auto backend = make_cpu_backend();
  ScanOptions given;
  given.inputs = {workplace().cohort};
  const Scans scans(given, model.prediction);
  SaliencyOptions options;
  options.occlusion = false;
  options.of_gradient.samples = 1;
  SaliencyRun run(*backend, model, options, workplace().folder + "/parts");
  Progress progress(100, {.write = [](std::string_view) {}, .now = [] { return 0.0; }});
  const ScanSaliency first = run.add(scans, 0, progress), second = run.add(scans, 1, progress);
  const SaliencyMap &a = first.maps.at(0), &b = second.maps.at(0), mean = run.mean().at(0);
  CHECK(a.unit == "years/kPa");

  const Scan scan = scans.read(0);
  const Intensity by = *model.prediction.preprocessing.intensity;
  Inference network(*backend, model);
  const std::vector<float> slope = network.differentiate(network_input(scan.volume, scan.source, by)).gradient;
  std::vector<float> per_unit(slope.size(), 0.0f), on_data, random_on_data, mean_of_two;
  for (std::size_t k = 0; k < slope.size(); ++k) {
    mean_of_two.push_back((std::abs(a.values[k]) + std::abs(b.values[k])) / 2);
    if (scan.volume.values[k] == 0) continue;
    per_unit[k] = static_cast<float>(static_cast<double>(slope[k]) / by.sd);
    on_data.push_back(std::abs(a.values[k]));
    random_on_data.push_back(std::abs(a.random[k]));
  }
  CHECK(a.values == per_unit);
  CHECK(first.correlations.at(0) == rank_correlation(on_data, random_on_data));
  CHECK(mean.values == mean_of_two);
}

TEST_CASE("saliency: warnings of the model and of each scan are printed and in the table, as those of predict") {
  const std::string folder = workplace().folder, cheap = " --method gradient --samples 1 --check-scans 0 --overwrite";
  copy_without_digests(trained().model, folder + "/plain-model.h5");
  copy_without_digests(workplace().cohort, folder + "/plain-cohort.h5");
  const auto trained_on =
      std::ranges::find_if(trained().of_run, [](const auto& row) { return row.at("part") == "train"; });
  REQUIRE(trained_on != trained().of_run.end());
  const std::string id = trained_on->at("participant_id"), one = " --subject " + id + cheap;
  const auto run = [&](const std::string& inputs) {
    const Finished done = run_program(folder, "saliency", inputs + one + " --out warned");
    REQUIRE_MESSAGE(done.code == 0, done.text);
    return done;
  };
  const Finished verified = run(trained().model + " " + workplace().cohort);
  CHECK_FALSE(verified.says("not verified"));
  CHECK_MESSAGE(verified.says("warning: the model was trained on this map"), verified.text);
  CHECK(table("warned/saliency.csv").at(0).at("warnings").find("was trained on this map") != std::string::npos);
  const Finished plain = run("plain-model.h5 plain-cohort.h5");
  for (const char* words : {"plain-model.h5: not verified", "plain-cohort.h5: not verified"})
    CHECK_MESSAGE(plain.says(words), plain.text);
}

TEST_CASE("saliency: a scan or a model in the folder with the name of an output is refused, and stays") {
  const std::string folder = workplace().folder + "/maps-of-others",
                    options = " --samples 1 --overwrite --out " + folder;
  fs::create_directories(folder);
  const std::string scan = folder + "/sub-own_gradient.nii.gz", model = folder + "/mean.png";
  fs::copy_file(trained().files()[0], scan);
  fs::copy_file(trained().model, model);
  const auto refused = [&](const std::string& inputs, const std::string& input) {
    const auto size = fs::file_size(input);
    const auto time = fs::last_write_time(input);
    const Finished done = run_program(workplace().folder, "saliency", inputs + options);
    CAPTURE(done.text);
    CHECK(done.code == 2);
    CHECK(done.says("would replace an input file"));
    CHECK(fs::file_size(input) == size);
    CHECK(fs::last_write_time(input) == time);
  };
  refused(trained().model + " " + scan, scan);
  refused(model + " " + trained().files()[1], model);
}
