// SPDX-License-Identifier: Apache-2.0
// The configuration of an experiment: plain structs with all that decides a run's numbers. The tables of their fields
// are beside each struct's code (losses, predictors, augmentations, model) or in config.cpp, which joins them. Read
// next: fields.h, which checks a text against the tables.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "data/augment/augmentations.h"
#include "data/normalise.h"
#include "data/subject_order.h"
#include "experiments/config/fields.h"
#include "experiments/statistics/predictor.h"
#include "layers/model.h"
#include "losses/loss.h"

namespace cg {

enum class Precision { automatic, float32, bfloat16 };
enum class Features { projected, encoder };
enum class Watch { validation, test };

constexpr Index largest_batch_size = 4096;  ///< of train.batch_size

struct TrainOptions {
  Index epochs = 50;
  Index batch_size = 32;
  double learning_rate = 1e-4;
  double weight_decay = 5e-5;
  double decay_factor = 0.9;
  Index decay_every = 10;
  SubjectOrder order = SubjectOrder::shuffled;
  Recompute recompute = Recompute::none;
};

enum class PhantomModality { mre, t1 };

struct PhantomOptions {
  PhantomModality modality = PhantomModality::mre;
  double voxel_mm = 2;
  Index subjects = 311;
  Index seed = 1;
};

enum class SplitBy { rows, persons, column, ids };

struct DataOptions {
  std::string cohort;  ///< absolute path, or empty: the phantom
  SplitBy split = SplitBy::rows;
  std::string split_column = "part";
  std::vector<std::string> test_values = {"test"}, validation_values = {};  ///< of that column
  std::string test_ids = {};               ///< absolute path of a text file with one id per line, or empty
  std::vector<std::string> stratify = {};  ///< "age", "study"
  double validation = 0;                   ///< share of the training part
  Index folds = 5;
  Index fold = 0;
  Index split_seed = 42;
  NormaliseScope normalise = NormaliseScope::train;
  PhantomOptions phantom;
  AugmentOptions augment;  ///< of training volumes
};

/// What a test subject with the id of a pre-training subject is.
enum class EqualIds { same_person, other_person };

struct PretrainedOptions {
  std::string weights;  ///< absolute path, or empty: training starts from random weights
  std::vector<std::string>
      allow_missing;  ///< names, or their beginnings, of parameters that may differ between file and network
  EqualIds equal_ids = EqualIds::same_person;
};

struct EvaluationOptions {
  Features features = Features::projected;
  PredictorOptions predictor;  ///< keys evaluation.predictor, evaluation.penalty, …
  Index every = 0;
  Watch watch = Watch::validation;  ///< the part that is evaluated during training
  std::vector<Index> embeddings_at;
};

struct Config {
  /// Whether a validation part is asked for.
  bool validates() const {
    return data.validation > 0 || (data.split == SplitBy::column && !data.validation_values.empty());
  }
  /// Whether a predictor of age is fitted and evaluated after this epoch: the last one, and those of evaluation.every.
  bool evaluates_after(Index epoch) const;
  /// Whether the features of all subjects are kept after this epoch.
  bool keeps_features_after(Index epoch) const;

  std::vector<Index> seeds = {0};
  Index threads = 0;
  TrainOptions train;
  LossOptions loss;
  DataOptions data;
  ModelOptions model;
  Precision precision = Precision::automatic;  ///< key model.precision
  PretrainedOptions pretrained;
  EvaluationOptions evaluation;
};

Fields<Config> config_fields();

/// The configuration of a source. Errors: usage, with all problems, including options that do not fit together.
Config parse_config(const Source& source);

std::string config_manual();                        ///< every key: type, range, default, sentence
std::string resolved_config(const Config& config);  ///< as TOML; reading it back gives the same configuration
/// The options that differ from those of another configuration; by default from the defaults.
std::vector<Option> changed_options(const Config& config, const Config& from = {});
/// How a configuration differs from a resolved copy, "loss.sigma = 3 instead of 2, …", at most five options. Empty: not
/// at all, or the copy cannot be read.
std::string differences(const Config& config, const std::string& copy);
std::string config_digest(const Config& config);  ///< SHA-256 of every key and value, 64 hexadecimal digits
/// The same of the keys in a resolved copy alone: the digest that the version of the program that wrote it computed.
std::string config_digest(const Config& config, const std::string& copy);

/// Whether a resolved copy, maybe of an earlier version, is of this configuration. Former words count as the present
/// ones. Keys that it does not have count as their defaults. False if it has no keys, or does not pass parse_config.
bool is_copy(const std::string& copy, const Config& config);

/// The file that an argument names: a path, or the name of a file in `experiments`, with or without `.toml`.
/// Errors: usage, with a list of the names.
std::filesystem::path find_config(const std::string& argument, const std::filesystem::path& experiments);

/// `runs/<name>-<first 10 digits of the configuration's digest>`.
std::filesystem::path default_run_folder(const std::string& name, const Config& config);

}  // namespace cg
