// SPDX-License-Identifier: Apache-2.0
// All that a prediction needs, as stored in a model file: the network's weights, the preprocessing of maps, the
// predictor of age, and a description of the training part. Read next: known_subjects.h,
// experiments/statistics/predictor.h.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "data/normalise.h"
#include "data/space/resample.h"
#include "experiments/record/known_subjects.h"
#include "experiments/statistics/age_bias.h"
#include "experiments/statistics/map_statistics.h"
#include "experiments/training/cohort.h"
#include "experiments/training/evaluation.h"
#include "layers/model.h"

namespace cg {

/// The preprocessing from a map to the input of the network.
struct Preprocessing {
  SpatialGrid grid;
  bool has_affine = true;  ///< the cohort file had an affine; if not, left and right may be exchanged
  Sampling sampling = Sampling::measured;
  bool nan_is_zero = false;            ///< NaN in a file means: not measured
  std::optional<Intensity> intensity;  ///< all maps are normalised with it; no value: each map with its own
};

/// A description of the training data.
struct TrainingPart {
  std::string cohort;  ///< Cohort::digest
  std::string modality = "mre";
  std::string unit = "kPa";
  bool synthetic = false;
  Index subjects = 0;
  double youngest = 0, oldest = 0;  ///< years
  Spread mean, sd;               ///< of the maps' data, in their unit; of normalised maps if each has its own intensity
  Spread coverage, outside;      ///< MapStatistics
  std::vector<float> occupancy;  ///< [X, Y, Z]: the share of maps with data in the voxel
};

/// The content of a model file besides its weights.
struct Prediction {
  Features features = Features::projected;
  DType activations = DType::f32;  ///< the type in training and for the features of the predictor
  AgePredictor predictor;
  AgeBias bias;  ///< of the training part, with left-out predictions
  Preprocessing preprocessing;
  TrainingPart training;
  std::optional<KnownSubjects> subjects = {};  ///< no value in files of earlier versions
};

/// A model file in memory.
struct TrainedModel {
  std::string path, digest;  ///< SHA-256 of the file
  bool verified = false;     ///< its content has the digests in it; those of earlier versions have none
  ModelOptions network;
  std::map<std::string, std::vector<float>> values;  ///< by parameter, in the engine's order of axes
  Prediction prediction;
};

/// Describes the training part of a cohort; reads its maps twice.
TrainingPart describe_training(const Cohort& cohort);

/// How the maps of a cohort were sampled onto their grid and are normalised.
Preprocessing preprocessing_of(const Cohort& cohort);

/// The name of the text of a model file with its prediction.
constexpr const char* prediction_text = "prediction";

/// As JSON text, without the occupancy, which is a separate array of the file.
std::string to_json(const Prediction& prediction);

/// Reads the JSON text; the occupancy stays empty. Errors: corrupt, if a part is missing or invalid, or does not fit
/// the network's number of features.
Prediction prediction_from_json(const std::string& path, const std::string& text, const ModelOptions& network);

/// Only the subjects of such a text. No value in files of earlier versions. Errors: corrupt, as above.
std::optional<KnownSubjects> subjects_from_json(const std::string& path, const std::string& text);

}  // namespace cg
