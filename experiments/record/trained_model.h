// All that a prediction needs, as a model file holds it: the network's weights, what is done to a map before the
// network sees it, the predictor of age, and what the training part was like. Read next:
// experiments/statistics/predictor.h.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "data/normalise.h"
#include "data/space/resample.h"
#include "experiments/statistics/age_bias.h"
#include "experiments/statistics/map_statistics.h"
#include "experiments/training/cohort.h"
#include "experiments/training/evaluation.h"
#include "layers/model.h"

namespace cg {

/// From a map in space to what the network sees.
struct Preprocessing {
  SpatialGrid grid;
  bool has_affine = true;  ///< the cohort file said where it lies; if not, sides may be exchanged
  Sampling sampling = Sampling::measured;
  bool nan_is_zero = false;            ///< NaN in a file means: nothing was measured
  std::optional<Intensity> intensity;  ///< all maps are normalised with it; none: each map with its own
};

/// What the model was trained on.
struct TrainingPart {
  std::string cohort;  ///< fingerprint: Cohort::digest()
  std::string modality = "mre";
  std::string unit = "kPa";
  bool synthetic = false;
  Index subjects = 0;
  double youngest = 0, oldest = 0;  ///< years
  Spread mean, sd;                  ///< of the maps' data, in their unit; of normalised maps where each has its own
  Spread coverage, outside;         ///< MapStatistics
  std::vector<float> occupancy;     ///< [X, Y, Z]: the share of maps that hold data
};

/// What a model file holds besides its weights.
struct Prediction {
  Features features = Features::projected;
  DType activations = DType::f32;  ///< as trained, and as the features of the predictor were computed
  AgePredictor predictor;
  AgeBias bias;  ///< of the training part, predicted as left out
  Preprocessing preprocessing;
  TrainingPart training;
};

/// A model file in memory.
struct TrainedModel {
  std::string path, digest;  ///< SHA-256 of the file
  ModelOptions network;
  std::map<std::string, std::vector<float>> values;  ///< by parameter, in the engine's order of axes
  Prediction prediction;
};

/// What a cohort's training part is like; two passes over its maps.
TrainingPart describe_training(const Cohort& cohort);

/// How a cohort's maps were brought to their grid and are normalised.
Preprocessing preprocessing_of(const Cohort& cohort);

/// As JSON text, without the occupancy, which is an array of the file.
std::string to_json(const Prediction& prediction);

/// Errors: corrupt, unless the text is all of one that fits a network with so many features. The occupancy is empty.
Prediction prediction_from_json(const std::string& path, const std::string& text, const ModelOptions& network);

}  // namespace cg
