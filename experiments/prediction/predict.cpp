// SPDX-License-Identifier: Apache-2.0
#include "experiments/prediction/predict.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <deque>
#include <tuple>

#include "data/files/diagnostics.h"
#include "experiments/program/csv.h"
#include "experiments/statistics/metrics.h"
#include "tensor/error.h"

namespace cg {
namespace {

/// A share in per cent.
std::string percent(double share) { return fmt::format("{:.0f} %", 100 * share); }

MapStatistics in_unit(MapStatistics s, const std::optional<Intensity>& intensity) {
  if (!intensity) return s;
  s.mean = intensity->mean + intensity->sd * s.mean;
  s.sd *= intensity->sd;
  return s;
}

/// How far `value` is outside of the range of the training maps, in their standard deviations; 0 inside.
double beyond(const Spread& spread, double value) {
  const double outside = std::max({spread.least - value, value - spread.most, 0.0});
  return spread.sd > 0 ? outside / spread.sd : (outside > 0 ? std::numeric_limits<double>::infinity() : 0);
}

void warn_of_brightness(const MapStatistics& map, const TrainingPart& t, std::vector<std::string>& out) {
  constexpr double far = 2;  // standard deviations outside of the range of the training maps
  const auto check = [&](const char* what, const Spread& s, double value) {
    if (beyond(s, value) > far)
      out.push_back(
          fmt::format("intensity: {} {:.3g} {}, training maps {:.3g} to {:.3g}", what, value, t.unit, s.least, s.most));
  };
  check("mean", t.mean, map.mean);
  check("SD", t.sd, map.sd);
}

void warn_of_place(const Scan& scan, const MapStatistics& map, const TrainingPart& t, std::vector<std::string>& out) {
  constexpr double margin = 0.05, most_lost = 0.05;
  if (map.coverage < t.coverage.least - margin)
    out.push_back(fmt::format("coverage: {} of the brain contains data, training maps {} to {}", percent(map.coverage),
                              percent(t.coverage.least), percent(t.coverage.most)));
  if (map.outside > t.outside.most + margin)
    out.push_back(
        fmt::format("position: {} of the data is where no training map has data; is the scan registered to {}?",
                    percent(map.outside), "the training maps' space"));
  if (scan.lost > most_lost)
    out.push_back(fmt::format("position: {} of the data is outside of the model's grid", percent(scan.lost)));
}

void warn_of_age(const PredictedAge& p, const TrainingPart& t, std::vector<std::string>& out) {
  const std::string range = fmt::format("training part {:.3g} to {:.3g} years", t.youngest, t.oldest);
  if (p.age < t.youngest || p.age > t.oldest) out.push_back(fmt::format("age {:.4g}: {}", p.age, range));
  if (p.predicted < t.youngest || p.predicted > t.oldest)
    out.push_back(fmt::format("predicted age {:.4g}: {}", p.predicted, range));
}

}  // namespace

TrainedOn trained_on(const Scan& scan, const Prediction& model) {
  if (!model.subjects) return TrainedOn::unknown;
  const auto found = recognised(*model.subjects, Subject{scan.id, scan.age, "", "", scan.person}, scan.digest);
  if (!found) return TrainedOn::no;
  if (found->part == "pretraining") return TrainedOn::pretraining;
  if (found->part != "train") return TrainedOn::validation;
  return found->by_map ? TrainedOn::by_map : TrainedOn::by_id;
}

std::string synthetic_word(const Scan& scan, const Prediction& model) {
  if (!model.training.synthetic) return scan.synthetic ? "scan" : "";
  return scan.synthetic ? "model and scan" : "model";
}

Tensor network_input(const Volume& volume, const std::string& source, const std::optional<Intensity>& by) {
  const Intensity used = by ? *by : intensity(volume.values);
  if (!(used.sd > 1e-12))
    fail(ErrorKind::data, source, "all voxels that hold data are equal", "Give the file that contains the map");
  const Tensor out = HostBackend().tensor({{1, volume.shape[0], volume.shape[1], volume.shape[2], 1}, DType::f32});
  std::ranges::copy(volume.values, out.data<float>().begin());
  normalise(out.data<float>(), used);
  return out;
}

std::vector<std::string> warnings_of(const Scan& scan, const PredictedAge& prediction, const Prediction& model) {
  const TrainingPart& training = model.training;
  std::vector<std::string> out;
  if (training.synthetic && !scan.synthetic)
    out.push_back("the model was trained on a synthetic phantom: this result has no meaning for a person");
  if (prediction.trained_on == TrainedOn::by_map) out.push_back("the model was trained on this map");
  if (prediction.trained_on == TrainedOn::by_id)
    out.push_back("the model was trained on a subject with this id: on another map, or on another person");
  if (prediction.trained_on == TrainedOn::validation)
    out.push_back("this map, or another one with this id, is in the model's validation part");
  if (prediction.trained_on == TrainedOn::pretraining)
    out.push_back("this map, or another one with this id, was in the training of the model's initial weights");
  if (model.preprocessing.intensity) warn_of_brightness(prediction.map, training, out);
  if (!scan.warning.empty()) out.push_back(scan.warning);
  if (scan.has_affine != model.preprocessing.has_affine)
    out.push_back(fmt::format("sides: {} file has no affine, so left and right may be exchanged",
                              scan.has_affine ? "the training cohort's" : "the scan's"));
  warn_of_place(scan, prediction.map, training, out);
  warn_of_age(prediction, training, out);
  return out;
}

void check_same_input(std::span<const TrainedModel> models) {
  const auto input = [](const TrainedModel& m) {
    const Preprocessing& p = m.prediction.preprocessing;
    return std::tuple(p.grid.extents, p.grid.affine.m, p.sampling, p.nan_is_zero, p.has_affine,
                      m.prediction.training.modality, m.prediction.training.unit);
  };
  for (const TrainedModel& m : models)
    if (input(m) != input(models[0]))
      fail(ErrorKind::usage, m.path,
           fmt::format("this model was trained on scans with another grid, modality or sampling than {}",
                       models[0].path),
           "Give models of the same kind of cohort, for example the seeds of one run");
}

PredictedAge predict_one(const Scan& scan, const TrainedModel& model, Inference& network) {
  const Prediction& m = model.prediction;
  const std::optional<Intensity>& by = m.preprocessing.intensity;
  const Tensor input = network_input(scan.volume, scan.source, by);
  PredictedAge p{.id = scan.id,
                 .source = scan.source,
                 .age = scan.age,
                 .predicted = network.age(input, scan.source),
                 .map = {},
                 .warnings = {}};
  p.gap = p.predicted - p.age;
  p.corrected = p.gap - m.bias(p.age);
  p.map = in_unit(map_statistics(input.data<float>(), m.training.occupancy), by);
  p.trained_on = trained_on(scan, m);
  p.synthetic = synthetic_word(scan, m);
  p.warnings = warnings_of(scan, p, m);
  return p;
}

/// The mean of the models' predictions for a scan.
static PredictedAge mean_of(const std::vector<PredictedAge>& by_model) {
  PredictedAge out = by_model[0];
  const auto n = static_cast<double>(by_model.size());
  if (by_model.size() == 1) return out;
  out.predicted = out.corrected = 0;
  for (const PredictedAge& p : by_model) {
    out.predicted += p.predicted / n;
    out.corrected += p.corrected / n;
    out.trained_on = std::max(out.trained_on, p.trained_on);
    if (p.synthetic.size() > out.synthetic.size()) out.synthetic = p.synthetic;
    for (const std::string& warning : p.warnings)
      if (std::ranges::find(out.warnings, warning) == out.warnings.end()) out.warnings.push_back(warning);
  }
  double squares = 0;
  for (const PredictedAge& p : by_model) squares += (p.predicted - out.predicted) * (p.predicted - out.predicted);
  out.spread = std::sqrt(squares / (n - 1));
  out.gap = out.predicted - out.age;
  return out;
}

std::vector<PredictedAge> predict_ages(const Scans& scans, std::span<const TrainedModel> models, Backend& backend,
                                       const ProgressOutput& output) {
  std::deque<Inference> networks;
  for (const TrainedModel& model : models) networks.emplace_back(backend, model);
  std::vector<PredictedAge> out;
  Diagnostics diagnostics;
  Progress progress(scans.size(), output);
  for (Index i = 0; i < scans.size(); ++i) {
    diagnostics.collect([&] {
      const Scan scan = scans.read(i);
      std::vector<PredictedAge> by_model;
      for (std::size_t k = 0; k < models.size(); ++k) by_model.push_back(predict_one(scan, models[k], networks[k]));
      out.push_back(mean_of(by_model));
      if (std::isnan(scan.age)) out.back().warnings.push_back("age unknown: no gap");
    });
    if (scans.size() > 1) progress.advance(1, scans.source(i));
  }
  if (scans.size() > 1) progress.finish();
  diagnostics.report(fmt::format("{} scans", scans.size()), "Fix or remove these scans; nothing was written");
  for (const Index i : scans.of_training_cohort())
    if (PredictedAge& row = out[static_cast<std::size_t>(i)]; row.trained_on == TrainedOn::no)
      row.warnings.push_back("the scan is from the test part of the cohort that the model was trained on");
  return out;
}

std::string warnings_cell(const std::vector<std::string>& warnings) {
  std::string text;
  for (const std::string& warning : warnings) text += (text.empty() ? "" : "; ") + warning;
  return csv_text(text);
}

std::string prediction_table(std::span<const PredictedAge> rows) {
  std::string out =
      "participant_id,age,predicted_age,predicted_age_sd,gap,gap_bias_corrected,coverage,map_mean,map_sd,source,"
      "trained_on,"
      "synthetic,warnings\n";
  for (const PredictedAge& row : rows) {
    out += csv_line({csv_text(row.id), csv_number(row.age), csv_number(row.predicted), csv_number(row.spread),
                     csv_number(row.gap), csv_number(row.corrected), csv_number(row.map.coverage),
                     csv_number(row.map.mean), csv_number(row.map.sd), csv_text(row.source),
                     trained_on_names[static_cast<std::size_t>(row.trained_on)], row.synthetic,
                     warnings_cell(row.warnings)});
  }
  return out;
}

std::string error_text(std::span<const PredictedAge> rows) {
  std::vector<double> ages, predicted;
  std::size_t trained = 0, validated = 0;
  bool unknown = false;
  for (const PredictedAge& row : rows) {
    if (std::isnan(row.age)) continue;
    unknown = unknown || row.trained_on == TrainedOn::unknown;
    const bool train = row.trained_on == TrainedOn::by_map || row.trained_on == TrainedOn::by_id ||
                       row.trained_on == TrainedOn::pretraining;
    const bool validation = row.trained_on == TrainedOn::validation;
    trained += train;
    validated += validation;
    if (train || validation) continue;
    ages.push_back(row.age);
    predicted.push_back(row.predicted);
  }
  const std::string known = fmt::format("{} that the model was trained on{}", trained,
                                        validated > 0 ? fmt::format(", {} of its validation part", validated) : "");
  if (trained + validated == 0 && ages.size() <= 1) return "";
  if (ages.empty()) return fmt::format("no mean absolute error: no scan of known age is left without {}\n", known);
  std::string out = fmt::format("mean absolute error {:.3f} years over {} scan{} of known age",
                                mean_absolute_error(ages, predicted), ages.size(), ages.size() == 1 ? "" : "s");
  if (trained + validated > 0) out += "; left out: " + known;
  if (unknown)
    out +=
        "\nwarning: the model file does not name its training subjects, because an earlier version wrote it. The error "
        "is too small if the model was trained on some of these scans.";
  return out + "\n";
}

}  // namespace cg
