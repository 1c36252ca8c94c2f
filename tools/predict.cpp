// SPDX-License-Identifier: Apache-2.0
// Predicts the age of brains with a trained model, from NIfTI files or a cohort file, and writes a table.
//   predict runs/dynlocrep-…/model-seed0.h5 sub-01_stiffness.nii.gz --age 63
//   predict model.h5 study/*.nii.gz --participants study/participants.tsv --out predictions.csv
#include "experiments/prediction/predict.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <array>
#include <cmath>

#include "data/files/input_file.h"
#include "data/files/storage.h"
#include "data/formats/map_file.h"
#include "data/formats/tsv.h"
#include "experiments/cohorts/age_unit.h"
#include "experiments/program/command_line.h"
#include "experiments/program/unverified.h"
#include "experiments/record/model_file.h"
#include "experiments/training/setup.h"
#include "tensor/error.h"

namespace {

using namespace cg;

constexpr const char* examples = R"(
Examples:
  predict model.h5 sub-01_stiffness.nii.gz --age 63
  predict model.h5 study/*.nii.gz --participants study/participants.tsv
  predict model.h5 cohort.h5 --out predictions.csv
  predict runs/dynlocrep cohort.h5                    the mean over the models of all seeds
)";

struct Arguments {
  std::string model, out = "predictions.csv", device = "cpu";
  bool overwrite = false;
  ScanOptions scans;
};

/// The model that is named first, or those of a run folder, and all model files among the scans.
std::vector<TrainedModel> take_models(Arguments& arguments) {
  std::vector<std::string> paths = model_files(arguments.model), scans;
  for (const std::string& input : arguments.scans.inputs) (is_model_file(input) ? paths : scans).push_back(input);
  arguments.scans.inputs = scans;
  require_not_read(arguments.out, paths);  // of a run folder too
  std::vector<TrainedModel> models;
  for (const std::string& path : paths) models.push_back(read_model(path));
  check_same_input(models);
  return models;
}

void print_model(const TrainedModel& model) {
  const TrainingPart& t = model.prediction.training;
  if (t.synthetic)
    fmt::print("*** The model was trained on a SYNTHETIC PHANTOM: no number here has a meaning for a person. ***\n");
  fmt::print("model       {}, SHA-256 {}\n", printable(model.path), model.digest);
  report_unverified(model.path, model.verified);
  fmt::print("trained on  {} {} maps, {:.3g} to {:.3g} years\n\n", t.subjects, printable(t.modality), t.youngest,
             t.oldest);
}

void print_row(const PredictedAge& row) {
  fmt::print("{:<24} {:6.1f} years", printable(row.id), row.predicted);
  if (!std::isnan(row.spread)) fmt::print(" ± {:.1f}", row.spread);
  if (!std::isnan(row.age)) fmt::print(", age {:.1f}: gap {:+.1f}", row.age, row.gap);
  fmt::print("\n");
  for (const std::string& warning : row.warnings) fmt::print("  warning: {}\n", printable(warning));
}

int run(Arguments arguments) {
  constexpr std::size_t most_printed = 20;
  require_not_read(arguments.out, arguments.scans.inputs);
  const std::string& table = arguments.scans.participants.path;
  require_not_read(arguments.out, std::array{table, description_of(table).string()});
  require_new(arguments.out, arguments.overwrite);
  const std::vector<TrainedModel> models = take_models(arguments);
  const Scans scans(arguments.scans, models[0].prediction);
  const auto backend = choose_backend(arguments.device);
  for (const TrainedModel& model : models) print_model(model);
  if (models.size() > 1) fmt::print("mean of {} models; ± SD over the models\n\n", models.size());
  for (const std::string& path : scans.not_verified()) report_unverified(path, false);
  const std::vector<PredictedAge> rows = predict_ages(scans, models, *backend, standard_error());
  write_output(arguments.out, prediction_table(rows), arguments.overwrite);
  for (std::size_t k = 0; k < std::min(rows.size(), most_printed); ++k) print_row(rows[k]);
  if (rows.size() > most_printed) fmt::print("and {} more\n", rows.size() - most_printed);
  fmt::print("{}", error_text(rows));
  fmt::print("{}\n", arguments.out);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments;
  CLI::App app("Predicts the age of brains with a model file of a run, or with the mean of several.", "predict");
  app.add_option("MODEL", arguments.model, "model.h5 of a run, its .safetensors, or the run folder: all seeds")
      ->required();
  app.add_option("SCAN", arguments.scans.inputs,
                 map_endings() + " files, cohort files (.h5); more model files before them")
      ->required();
  app.add_option("--out", arguments.out, "the table to write (CSV)")->capture_default_str();
  add_overwrite(app, arguments.overwrite);
  app.add_option("--age", arguments.scans.age, "age of the single scan, years")
      ->check(in_range(0.0, static_cast<double>(oldest_age)))
      ->transform([](const std::string& text) {  // 63,5 too
        const std::optional<double> years = decimal(text);
        return years ? fmt::format("{}", *years) : text;
      });
  AgeTable& table = arguments.scans.participants;
  app.add_option("--participants", table.path, "table with the ages of the scans' participants (.tsv, .csv)");
  app.add_option("--id-column", table.id_column, "its column with the ids")->capture_default_str();
  app.add_option("--age-column", table.age_column, "its column with the ages")->capture_default_str();
  app.add_option("--session-column", table.session_column, "its column with the session, if there is one")
      ->capture_default_str();
  app.add_option("--age-unit", table.age_unit,
                 "unit of the ages: years, months, weeks, days; default: \"Units\" in the table's .json, or years");
  app.add_flag("--nan-is-zero", arguments.scans.nan_is_zero, "NaN in a scan means: not measured");
  app.add_option("--npy-axes", arguments.scans.npy_axes, "direction of x in .npy files")->check(among({"RAS", "LAS"}));
  add_device_option(app, arguments.device);
  app.footer(examples + exit_code_help({ErrorKind::data, ErrorKind::corrupt, ErrorKind::numbers, ErrorKind::memory,
                                        ErrorKind::device, ErrorKind::storage, ErrorKind::in_use}));
  return run_program(app, argc, argv, [&] { return run(arguments); });
}
