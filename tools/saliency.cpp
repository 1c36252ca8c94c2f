// SPDX-License-Identifier: Apache-2.0
// Maps the voxels that a predicted age depends on, for scans and a trained model, as NIfTI and as pictures.
//   saliency model.h5 sub-01.nii.gz --out saliency
//   saliency model.h5 synthetic-phantom.h5 --subject phantom-00007 --method gradient
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>

#include "data/files/diagnostics.h"
#include "data/files/input_file.h"
#include "data/files/storage.h"
#include "data/formats/map_file.h"
#include "experiments/cohorts/cohort_input.h"
#include "experiments/prediction/saliency_report.h"
#include "experiments/program/command_line.h"
#include "experiments/program/csv.h"
#include "experiments/program/unverified.h"
#include "experiments/record/model_file.h"
#include "experiments/training/setup.h"
#include "tensor/error.h"

namespace {

using namespace cg;

constexpr const char* more_help = R"(
Files in the folder, for each scan:
  <id>_gradient.nii.gz    change of the predicted age, in years, if the voxel increases by one unit of the scan
  <id>_occlusion.nii.gz   change of the predicted age, in years, if a cube around the voxel is set to 0
  <id>.png                the scan with both maps over it: warm colours where the age increases, cold where it decreases
  saliency.csv            predicted ages, the rank correlations of the maps with those of random weights, warnings
For several scans or a synthetic cohort also mean.png and mean_*.nii.gz, the mean of |map|; for a synthetic cohort also
agreement.csv, how well the maps find the voxels that truly age.

Examples:
  saliency model.h5 sub-01_stiffness.nii.gz
  saliency model.h5 study/*.nii.gz --method gradient --out maps
  saliency model.h5 synthetic-phantom.h5 --subject phantom-00007 --subject phantom-00012
)";

struct Arguments {
  std::string model, out = "saliency", device = "cpu", method = "both";
  std::vector<std::string> subjects;
  ScanOptions scans;
  SaliencyOptions saliency;
  bool overwrite = false;
};

/// The scans with the given ids; all scans if there are no ids.
std::vector<Index> chosen(const Scans& scans, const std::vector<std::string>& subjects) {
  std::vector<Index> out;
  for (Index i = 0; i < scans.size(); ++i)
    if (subjects.empty() || std::ranges::find(subjects, scans.id(i)) != subjects.end()) out.push_back(i);
  for (const std::string& subject : subjects)
    if (std::ranges::none_of(out, [&](Index i) { return scans.id(i) == subject; }))
      fail(ErrorKind::usage, "--subject", fmt::format("there is no scan of \"{}\"", subject), "Give the id of a scan");
  return out;
}

/// Checks all scans before the first of them is computed, which takes minutes. Errors: data or corrupt.
void check(const Scans& scans, const std::vector<Index>& which) {
  Diagnostics diagnostics;
  for (const Index i : which) diagnostics.collect([&] { scans.read(i); });
  diagnostics.report(which.size() == 1 ? "the scan" : fmt::format("{} scans", which.size()),
                     "Fix or remove these scans; nothing was written");
}

/// Errors (usage): a file would replace the model or a scan.
void check_outputs(const Arguments& a, const SaliencyRun& run, const Scans& scans, const std::vector<Index>& which) {
  std::vector<std::string> ids, inputs = a.scans.inputs;
  for (const Index i : which) ids.push_back(scans.id(i));
  inputs.push_back(a.model);
  for (const std::string& out : run.outputs(ids)) require_not_read(out, inputs);
}

std::optional<KnownAgeing> truth_of(const Arguments& a, const TrainedModel& model) {
  for (const std::string& input : a.scans.inputs)
    if (is_cohort_file(input))
      if (auto truth = known_ageing(input, model.prediction.preprocessing.grid.extents)) return truth;
  return std::nullopt;
}

void print_ages(const std::vector<ScanSaliency>& rows) {
  constexpr std::size_t most_printed = 20;
  for (std::size_t k = 0; k < std::min(rows.size(), most_printed); ++k) {
    fmt::print("{:<24} {:6.1f} years\n", printable(rows[k].id), rows[k].predicted);
    for (const std::string& warning : rows[k].warnings) fmt::print("  warning: {}\n", printable(warning));
  }
  if (rows.size() > most_printed) fmt::print("and {} more\n", rows.size() - most_printed);
}

void print_checks(const std::vector<ScanSaliency>& rows) {
  if (rows.empty()) return;
  fmt::print("\nrank correlation of |map| with that of random weights (near 1: the map does not depend on training)\n");
  for (std::size_t k = 0; k < rows[0].maps.size(); ++k) {
    std::string values;
    for (const ScanSaliency& row : rows)
      if (std::isfinite(row.correlations[k])) values += fmt::format(" {:+.2f}", row.correlations[k]);
    fmt::print("  {:<10}{}\n", rows[0].maps[k].kind, values.empty() ? " not checked" : values);
  }
}

/// Prints the agreement of the mean maps with the true ageing, and returns it as CSV.
std::string agreements(const SaliencyRun& run, const KnownAgeing& truth, const TrainedModel& model) {
  std::string table = "map,weights,voxel_correlation,region_correlation,auroc,dice,dice_by_chance,synthetic\n";
  fmt::print(
      "\nagreement with the true ageing           rank correlation over    the quarter that ages most:\n"
      "{:>50}{:>9}{:>12}  Dice (by chance)\n",
      "voxels", "regions", "AUROC");
  const auto line = [&](const std::string& kind, const char* weights, std::span<const float> map) {
    if (map.empty()) return;
    const Agreement a = agreement(map, truth, model.prediction.training.occupancy);
    fmt::print("  {:<10} {:<30} {:8.2f} {:8.2f} {:11.2f} {:5.2f} ({:.2f})\n", kind, weights, a.voxels, a.regions,
               a.auroc, a.dice, a.share);
    table += csv_line({kind, weights, csv_number(a.voxels), csv_number(a.regions), csv_number(a.auroc),
                       csv_number(a.dice), csv_number(a.share), run.synthetic() ? "yes" : ""});
  };
  const bool some = run.checked() < run.scans();
  for (const SaliencyMap& map : run.mean()) {
    line(map.kind, "trained", map.values);
    // A mean over more scans agrees better for any weights: compare random weights only with maps of the same scans.
    if (some) line(map.kind, "trained (checked scans)", map.beside);
    line(map.kind, some ? "random (checked scans)" : "random", map.random);
  }
  return table;
}

int run(const Arguments& a) {
  const OcclusionOptions& cubes = a.saliency.of_occlusion;
  if (a.saliency.occlusion && cubes.stride_mm > cubes.edge_mm)
    fail(ErrorKind::usage, "--stride",
         fmt::format("a step of {:g} mm leaves gaps between cubes of {:g} mm", cubes.stride_mm, cubes.edge_mm),
         "Give at most the value of --edge");
  require_new(a.out, a.overwrite);
  const TrainedModel model = read_model(a.model);
  const Scans scans(a.scans, model.prediction);
  const std::vector<Index> which = chosen(scans, a.subjects);
  check(scans, which);
  const auto backend = choose_backend(a.device);
  SaliencyRun saliency(*backend, model, a.saliency, a.out);
  check_outputs(a, saliency, scans, which);
  if (model.prediction.training.synthetic)
    fmt::print("*** The model was trained on a SYNTHETIC PHANTOM: no map here has a meaning for a person. ***\n");
  report_unverified(model.path, model.verified);
  for (const std::string& path : scans.not_verified()) report_unverified(path, false);
  const auto n = static_cast<Index>(which.size()), checked = std::min(n, a.saliency.checked);
  Progress progress(checked * saliency.steps_of(true) + (n - checked) * saliency.steps_of(false), standard_error());
  std::vector<ScanSaliency> rows;
  for (const Index i : which) {
    rows.push_back(saliency.add(scans, i, progress));
    for (SaliencyMap& map : rows.back().maps) map.values = map.random = {};  // they are in files and sums
  }
  progress.finish();
  const std::filesystem::path folder = a.out;
  write_atomically(folder / "saliency.csv", saliency_table(rows));
  print_ages(rows);
  print_checks(rows);
  const std::optional<KnownAgeing> truth = truth_of(a, model);
  if (truth) write_atomically(folder / "agreement.csv", agreements(saliency, *truth, model));
  if (truth || n > 1) saliency.write_mean(truth);
  fmt::print("\nmaps in {}\n", a.out);
  return 0;
}

void add_options(CLI::App& app, Arguments& a) {
  app.add_option("MODEL", a.model, "model.h5 of a run, or its .safetensors")->required();
  app.add_option("SCAN", a.scans.inputs, map_endings() + " files, cohort files (.h5)")->required();
  app.add_option("--out", a.out, "the folder for maps and pictures")->capture_default_str();
  app.add_flag("--overwrite", a.overwrite,
               "write into a folder that is not empty, and replace files of the same names");
  app.add_option("--subject", a.subjects, "only this participant; may be given several times");
  app.add_option("--method", a.method, "gradient, occlusion or both")
      ->check(among({"gradient", "occlusion", "both"}))
      ->capture_default_str();
  app.add_option("--samples", a.saliency.of_gradient.samples, "number of noisy copies for the mean gradient")
      ->check(in_range(1, 1000))
      ->capture_default_str();
  app.add_option("--noise", a.saliency.of_gradient.noise, "SD of the noise, in SDs of the data")
      ->check(in_range(0.0, 10.0))
      ->capture_default_str();
  app.add_option("--edge", a.saliency.of_occlusion.edge_mm, "edge of the occluding cube, mm")
      ->check(in_range(1.0, 500.0))
      ->capture_default_str();
  app.add_option("--stride", a.saliency.of_occlusion.stride_mm, "distance from cube to cube, mm")
      ->check(in_range(1.0, 500.0))
      ->capture_default_str();
  app.add_option("--check-scans", a.saliency.checked, "number of scans to compare with random weights")
      ->check(in_range(0, 100000))
      ->capture_default_str();
  app.add_flag("--nan-is-zero", a.scans.nan_is_zero, "NaN in a scan means: not measured");
  app.add_option("--npy-axes", a.scans.npy_axes, "direction of x in .npy files")->check(among({"RAS", "LAS"}));
  add_device_option(app, a.device);
}

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments;
  CLI::App app("Maps the voxels that a predicted age depends on.", "saliency");
  add_options(app, arguments);
  app.footer(more_help + exit_code_help({ErrorKind::data, ErrorKind::corrupt, ErrorKind::numbers, ErrorKind::memory,
                                         ErrorKind::device, ErrorKind::storage, ErrorKind::in_use}));
  return run_program(app, argc, argv, [&] {
    arguments.saliency.gradient = arguments.method != "occlusion";
    arguments.saliency.occlusion = arguments.method != "gradient";
    return run(arguments);
  });
}
