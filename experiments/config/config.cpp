// SPDX-License-Identifier: Apache-2.0
#include "experiments/config/config.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "data/files/digest.h"
#include "losses/registry.h"
#include "tensor/error.h"

namespace cg {
namespace {

namespace fs = std::filesystem;

constexpr double most_seed = 4294967295.0;  // NumPy's legacy generator, which the published split needs, takes 32 bits

Fields<TrainOptions> train_fields() {
  using O = TrainOptions;
  return {
      field("epochs", &O::epochs, between(1, 100000), "Passes over the training part."),
      field("batch_size", &O::batch_size, between(2, largest_batch_size),
            "Subjects in a batch; the last batch may be smaller."),
      field("learning_rate", &O::learning_rate, {.least = 0, .most = 10, .open = true, .choices = {}},
            "Adam's learning rate in the first epoch."),
      field("weight_decay", &O::weight_decay, between(0, 10),
            "This factor times the parameter is added to its gradient (coupled, as published)."),
      field("decay_factor", &O::decay_factor, {.least = 0, .most = 1, .open = true, .choices = {}},
            "The learning rate is multiplied by this factor every `decay_every` epochs."),
      field("decay_every", &O::decay_every, between(1, 100000), "Epochs between two decays of the learning rate."),
      field("order", &O::order, {"shuffled", "study_balanced"},
            "Each subject once per epoch, or the same number of draws in equal shares from the studies (sites)."),
      field("recompute", &O::recompute, {"none", "stem", "layer1"},
            "Less memory for more time, with the same bits: the output of the first convolution, or also those of the "
            "first stage, are computed again in the backward pass instead of being kept.")
          .without_effect_on_numbers(),
  };
}

Fields<PhantomOptions> phantom_fields() {
  using O = PhantomOptions;
  return {
      field("modality", &O::modality, {"mre", "t1"}, "Stiffness maps, or T1-like volumes of 62 scanners."),
      field("voxel_mm", &O::voxel_mm, between(1, 16), "Edge of a voxel in mm; 4 for quick tests."),
      field("subjects", &O::subjects, between(10, 100000), "Synthetic subjects in the cohort."),
      field("seed", &O::seed, between(0, most_seed), "Seed of the synthetic cohort."),
  };
}

Fields<DataOptions> data_fields() {
  using O = DataOptions;
  Fields<O> out{
      field("cohort", &O::cohort, any(),
            "Cohort file (HDF5), relative to the file that names it; empty: the synthetic phantom."),
      field(
          "split", &O::split, {"rows", "persons", "column", "ids"},
          "How the test part is chosen: folds of the file's rows as published; folds of persons with all their scans, "
          "whatever the order of the rows; by the values of a column; by a list of ids."),
      field("folds", &O::folds, between(2, 1000), "rows, persons: parts of the split; one of them is the test part."),
      field("fold", &O::fold, between(0, 999), "rows, persons: the part that is the test part, counted from 0."),
      field("split_seed", &O::split_seed, between(0, most_seed), "Seed of the split, the same for all runs."),
      field("stratify", &O::stratify, one_of({"age", "study"}),
            "persons: what the folds, and the validation part, have in equal shares."),
      field("split_column", &O::split_column, any(),
            "column: the text column of the cohort file that is looked at: part as its source divided it, or study."),
      field("test_values", &O::test_values, any(), "column: subjects with one of these values are the test part."),
      field("validation_values", &O::validation_values, any(),
            "column: subjects with one of these values are the validation part."),
      field("test_ids", &O::test_ids, any(),
            "ids: a text file with one participant_id of the test part in each line, relative to the file that names "
            "it."),
      field("validation", &O::validation, between(0, 0.5),
            "Share of the training part's persons that form the validation part. Nothing is trained or fitted on them. "
            "0, as published: no validation part."),
      field("normalise", &O::normalise, {"train", "all", "subject"},
            "Mean and SD of the non-zero voxels of the training part, of all maps (as published), or of each map."),
  };
  append(out, section("phantom", &O::phantom, phantom_fields()));
  append(out, section("augment", &O::augment, augment_fields()));
  return out;
}

Fields<PretrainedOptions> pretrained_fields() {
  using O = PretrainedOptions;
  return {
      field("weights", &O::weights, any(),
            "Initial weights (.h5 or .safetensors), relative to the file that names them; empty: random weights."),
      field("allow_missing", &O::allow_missing, any(),
            "Parameters, by name or beginning of a name (\"head\"), in which that file may differ from the network: "
            "missing, extra or of another shape. They start with random values; any other difference is an error."),
      field("equal_ids", &O::equal_ids, {"same_person", "other_person"},
            "A test subject with the id of a subject that the weights were trained on: the same person, which is "
            "refused, or another person with this id by chance. An equal map is always refused.")
          .implied("same_person"),
  };
}

Fields<EvaluationOptions> evaluation_fields() {
  using O = EvaluationOptions;
  Fields<O> out{
      field("features", &O::features, {"projected", "encoder"},
            "The features for the prediction of age: those of the projection head, which the loss uses, or those of "
            "the encoder."),
  };
  append(out, part_fields<O>(
                  "", [](auto& o) -> auto& { return o.predictor; }, predictor_fields()));
  append(
      out,
      {field("every", &O::every, between(0, 100000),
             "Epochs between two evaluations during training, of the part that `watch` names; 0: none. The test part "
             "is evaluated after the last epoch."),
       field("watch", &O::watch, {"validation", "test"},
             "The part that `every` evaluates. Who chooses settings or epochs by the test part has no test part left."),
       field("embeddings_at", &O::embeddings_at, between(1, 100000),
             "Epochs after which the features of all subjects are stored; epochs after the last are ignored.")});
  return out;
}

/// Checks options that are valid but do not fit together.
void cross_check(const Config& config, Checked& checked) {
  const std::set<Index> distinct(config.seeds.begin(), config.seeds.end());
  if (config.seeds.empty()) checked.conflict({"seeds"}, "seeds: the list is empty; name at least one seed");
  if (distinct.size() < config.seeds.size())
    checked.conflict({"seeds"}, "seeds: the list contains the same seed twice");
  if (config.data.fold >= config.data.folds)
    checked.conflict({"data.fold", "data.folds"},
                     fmt::format("data.fold = {}: expected 0 to {}, because data.folds = {} and counting starts at 0",
                                 config.data.fold, config.data.folds - 1, config.data.folds));
  if (config.evaluation.every > 0 && config.evaluation.watch == Watch::validation && !config.validates())
    checked.conflict({"evaluation.every", "data.validation"},
                     fmt::format("evaluation.every = {}: there is no validation part to evaluate; set data.validation, "
                                 "for example to 0.1, or evaluation.watch = \"test\"",
                                 config.evaluation.every));
  if ((config.data.split == SplitBy::ids) == config.data.test_ids.empty())
    checked.conflict({"data.test_ids", "data.split"},
                     "data.test_ids: set the file together with data.split = \"ids\", or remove both");
  if (config.data.split == SplitBy::column && config.data.validation > 0 && !config.data.validation_values.empty())
    checked.conflict(
        {"data.validation", "data.validation_values"},
        "data.validation: remove this option, because data.validation_values already names the validation part");
  if (config.evaluation.predictor.name == "ridge" && config.evaluation.predictor.shared.penalty == 0.0)
    checked.conflict({"evaluation.penalty"}, "evaluation.penalty = 0: ridge regression needs a penalty above 0");
  const std::vector<std::string>& augmentations = config.data.augment.apply;
  if (std::set(augmentations.begin(), augmentations.end()).size() < augmentations.size())
    checked.conflict({"data.augment.apply"}, "data.augment.apply: the list contains the same augmentation twice");
  if (config.pretrained.weights.empty() && !config.pretrained.allow_missing.empty())
    checked.conflict({"pretrained.allow_missing"},
                     "pretrained.allow_missing: set pretrained.weights too, or remove this option");
  if (checked.wrong.contains("loss.name")) return;
  for (const LossConflict& c : loss_conflicts(config.loss, {config.train.batch_size, config.train.epochs}))
    checked.conflict(c.keys, c.text);
}

Config with_published_values(Config config) {
  config.loss = with_published_values(std::move(config.loss));
  return config;
}

std::set<std::string> keys_of(const std::string& toml) {
  Diagnostics problems;
  std::set<std::string> out;
  for (const Setting& setting : read_toml(toml, problems))
    if (!setting.section) out.insert(setting.key);
  return out;
}

/// Makes a path in a configuration absolute: it is relative to the folder of the file that contains it, or on the
/// command line to the working folder.
void make_absolute(std::string& path, const std::string& key, const Checked& checked, const Source& source) {
  const auto where = checked.where.find(key);
  if (path.empty() || where == checked.where.end()) return;
  const bool in_file = where->second.line != 0;
  const fs::path base = in_file ? fs::absolute(source.file).parent_path() : fs::current_path();
  path = (base / path).lexically_normal().string();
}

}  // namespace

bool Config::evaluates_after(Index epoch) const {
  return epoch == train.epochs || (evaluation.every > 0 && epoch % evaluation.every == 0);
}

bool Config::keeps_features_after(Index epoch) const {
  return std::ranges::find(evaluation.embeddings_at, epoch) != evaluation.embeddings_at.end();
}

Fields<Config> config_fields() {
  Fields<Config> out{
      field("seeds", &Config::seeds, between(0, most_seed), "One training run per seed; the results are averaged."),
      field("threads", &Config::threads, between(0, 4096), "Processor threads; 0: one per available core."),
  };
  append(out, section("train", &Config::train, train_fields()));
  append(out, section("loss", &Config::loss, loss_fields()));
  append(out, section("data", &Config::data, data_fields()));
  append(out, section("model", &Config::model, model_fields()));
  out.push_back(field("model.precision", &Config::precision, {"auto", "float32", "bfloat16"},
                      "Type of the activations; auto: bfloat16 if the device computes faster with it."));
  append(out, section("pretrained", &Config::pretrained, pretrained_fields()));
  append(out, section("evaluation", &Config::evaluation, evaluation_fields()));
  return out;
}

namespace {

/// The configuration of checked settings. `fields`: those of Config.
Config assembled(const Fields<Config>& fields, Checked& checked, const Source& source, const Config& base) {
  Config config = assemble(fields, checked, base);
  cross_check(config, checked);
  make_absolute(config.data.cohort, "data.cohort", checked, source);
  make_absolute(config.data.test_ids, "data.test_ids", checked, source);
  make_absolute(config.pretrained.weights, "pretrained.weights", checked, source);
  return config;
}

}  // namespace

bool is_study(const Source& source) {
  Diagnostics ignored;
  return std::ranges::any_of(read_toml(source.text, ignored),
                             [](const Setting& s) { return s.key == "study" && s.section; });
}

Config parse_config(const Source& source) {
  if (is_study(source))
    fail(ErrorKind::usage, source.file, "this is a study of several runs",
         "Give this file to run_experiment; for this program, give the configuration that `base` in the file names");
  const Fields<Config> fields = config_fields();
  Checked checked = check(options_of(fields), source);
  const Config config = assembled(fields, checked, source, {});
  throw_diagnostics(source, checked.diagnostics);
  return config;
}

Config changed_config(const Config& base, const std::vector<Setting>& settings, const Source& source,
                      Diagnostics& problems) {
  const Fields<Config> fields = config_fields();
  Checked checked = check(options_of(fields), settings, source.overrides);
  Config config = assembled(fields, checked, source, base);
  const auto is_known = [&](const Diagnostic& problem) {
    return std::ranges::any_of(
        problems.list(), [&](const Diagnostic& other) { return other.at == problem.at && other.text == problem.text; });
  };
  for (const Diagnostic& problem : checked.diagnostics.list())  // settings that several rows share are wrong once
    if (!is_known(problem)) problems.add(problem);
  return config;
}

std::string config_manual() { return manual(options_of(config_fields())); }

std::string resolved_config(const Config& config) {
  std::vector<Option> options = options_of(config_fields(), config);
  const std::vector<Option> numbers = options_of(config_fields(), with_published_values(config));
  for (std::size_t k = 0; k < options.size(); ++k)
    if (options[k].value != numbers[k].value) options[k].note = "here " + to_toml(numbers[k].value);
  const std::string folder = default_run_folder("config.resolved", config).string();
  return "# Every option of a run and its value. Running this file repeats the run, in " + folder +
         "\n# unless --out names another folder.\n\n" + resolved(options);
}

std::string differences(const Config& config, const std::string& copy) {
  constexpr std::size_t most = 5;
  try {
    const Config other = with_published_values(parse_config({"config.resolved.toml", copy, {}}));
    const std::vector<Option> here = changed_options(with_published_values(config), other),
                              there = changed_options(other, with_published_values(config));
    std::string out;
    for (std::size_t k = 0; k < std::min(here.size(), most); ++k)
      out += fmt::format("{}{} = {} instead of {}", k ? ", " : "", here[k].key, to_toml(here[k].value),
                         to_toml(there[k].value));
    return here.size() > most ? out + fmt::format(" and {} more", here.size() - most) : out;
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::usage) throw;
    return "";
  }
}

std::vector<Option> changed_options(const Config& config, const Config& from) {
  std::vector<Option> out;
  const std::vector<Option> usual = options_of(config_fields(), from);
  std::size_t k = 0;
  for (Option& option : options_of(config_fields(), config))
    if (option.value != usual[k++].value) out.push_back(std::move(option));
  return out;
}

std::string config_digest(const Config& config) {
  return sha256(plain(options_of(config_fields(), with_published_values(config))));
}

std::string config_digest(const Config& config, const std::string& copy) {
  const std::set<std::string> keys = keys_of(copy);
  std::vector<Option> options = options_of(config_fields(), with_published_values(config));
  std::erase_if(options, [&](const Option& o) { return !keys.contains(o.key); });
  return sha256(plain(options));
}

bool is_copy(const std::string& copy, const Config& config) {
  try {
    return !keys_of(copy).empty() &&
           config_digest(parse_config({"config.resolved.toml", copy, {}})) == config_digest(config);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::usage) throw;
    return false;  // of a version with other keys or values, or damaged
  }
}

fs::path find_config(const std::string& argument, const fs::path& experiments) {
  if (fs::exists(argument) && !fs::is_directory(argument))
    return argument;  // a folder may have the name of an experiment
  const fs::path named = experiments / (argument + (argument.ends_with(".toml") ? "" : ".toml"));
  if (!argument.empty() && argument.find('/') == std::string::npos && fs::exists(named)) return named;
  std::set<std::string> names;
  std::string list;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(experiments, none))
    if (entry.path().extension() == ".toml") names.insert(entry.path().stem().string());
  for (const std::string& name : names) list += (list.empty() ? "" : ", ") + name;
  fail(ErrorKind::usage, argument, "no file and no experiment has this name",
       "Give the path of a TOML file, or one of " + list);
}

fs::path default_run_folder(const std::string& name, const Config& config) {
  return fs::path("runs") / (name + "-" + config_digest(config).substr(0, 10));
}

}  // namespace cg
