// SPDX-License-Identifier: Apache-2.0
// Every key of a configuration has an effect, and the right one. Each row sets one key to other values in a tiny run of
// the real program on the reference device. The run folder must then be, to the last bit, what the run written out
// (written_run.h) gives for that value, and must differ from the run without it where the row says so.
#include <doctest/doctest.h>

#include <set>

#include "experiments/statistics/all_predictors.h"
#include "experiments/training/cohort.h"
#include "losses/registry.h"
#include "tests/experiments/runner/written_run.h"
#include "tests/support/shell.h"

using namespace cg;
using namespace cg::test;
namespace fs = std::filesystem;

namespace {

/// A setting as a user writes it, and what it means.
struct Change {
  std::string words;  ///< "key=value", separated by spaces
  std::function<void(Config&)> means;
};

/// One key with its values. `with`: the setting in which the key matters.
struct KeyRow {
  std::string key;
  std::vector<std::pair<std::string, std::function<void(Config&)>>> values;
  std::vector<std::string> shows;  ///< all that differs, see differences(); empty: none
  std::vector<Change> with = {};
};

/// A program in a folder of its own, so that what it creates beside itself does not go into the source tree.
std::string installed() {
  static const std::string program = [] {
    const fs::path root = workplace().folder + "/installed", folder = root / "build/release/bin";
    fs::create_directories(folder);
    fs::create_directories(root / "experiments");
    fs::copy_file(binaries() + "/run_experiment", folder / "run_experiment");
    return (folder / "run_experiment").string();
  }();
  return program;
}

/// The subjects of a phantom file in another file: the rows in another order, and a column `part`.
std::string mixed(const std::string& phantom, const std::string& name) {
  const std::string path = workplace().folder + "/" + name;
  const CohortFile from(phantom);
  const Shape v = from.volume_shape();
  const Index n = from.size();
  std::vector<float> maps;
  std::vector<double> ages;
  std::vector<std::string> ids, studies, parts;
  for (Index k = 0; k < n; ++k) {
    const Index i = (7 * k + 3) % n;  // 7 divides neither 20 nor 24
    const std::vector<float> map = from.volume(i).values;
    maps.insert(maps.end(), map.begin(), map.end());
    ages.push_back(from.subject(i).age);
    ids.push_back(from.subject(i).id);
    studies.push_back(from.subject(i).study);
    parts.push_back(i % 5 == 0 ? "test" : i % 5 == 1 ? "val" : "train");
  }
  H5Writer file(path);
  file.floats("maps", {n, 1, v[0], v[1], v[2]}, maps);
  file.numbers("age", {n}, ages);
  file.strings("participant_id", ids);
  file.strings("study", studies);
  file.strings("part", parts);
  file.attribute("voxel_mm", from.voxel_mm());
  file.attribute("synthetic", 1.0);
  file.commit();
  return path;
}

const std::string& base_cohort() {
  static const std::string path = mixed(workplace().cohort, "mixed.h5");
  return path;
}

constexpr const char* cohort_key = "data.cohort=";

/// The setting that all rows change: three epochs, batches of 8, 8 and 3, a network of width 2.
std::vector<Change> base() {
  return {
      {cohort_key + base_cohort(), [](Config& c) { c.data.cohort = base_cohort(); }},
      {"threads=1", [](Config& c) { c.threads = 1; }},
      {"train.epochs=3", [](Config& c) { c.train.epochs = 3; }},
      {"train.batch_size=8", [](Config& c) { c.train.batch_size = 8; }},
      {"train.learning_rate=1e-3", [](Config& c) { c.train.learning_rate = 1e-3; }},
      {"train.decay_every=1", [](Config& c) { c.train.decay_every = 1; }},
      {"loss.final_neighbours=4", [](Config& c) { c.loss.own.of<DynLocRep>().final_neighbours = 4; }},
      {"model.width=2", [](Config& c) { c.model.width = 2; }},
      {"model.embedding=6", [](Config& c) { c.model.embedding = 6; }},
  };
}

struct Setting {
  Config config;
  std::map<std::string, std::string> words;  ///< value by key

  void add(const Change& change) {
    std::istringstream in(change.words);
    for (std::string word; in >> word;) words[word.substr(0, word.find('='))] = word.substr(word.find('=') + 1);
    change.means(config);
  }
};

Change loss_named(const std::string& name) {
  return {"loss.name=" + name, [name](Config& c) {
            c.loss.name = name;
            c.loss.shared.temperature = name == "rank_n_contrast" ? 2 : 0.1;  // as published
          }};
}

const Change validation{"data.validation=0.2", [](Config& c) { c.data.validation = 0.2; }};

Change augmented(const std::string& name) {
  return {"data.augment.apply=" + name, [name](Config& c) { c.data.augment.apply = {name}; }};
}

Change predicted_by(const std::string& name) {
  return {"evaluation.predictor=" + name, [name](Config& c) { c.evaluation.predictor.name = name; }};
}

const std::vector<std::string> training = {"metrics", "predictions", "weights", "predictor"}, value_alone = {"metrics"},
                               evaluation = {"metrics", "predictions", "predictor"},
                               data = {"metrics", "predictions", "weights", "intensity", "predictor"};

std::vector<KeyRow> training_rows() {
  const auto own = [](Config & c) -> auto& { return c.loss.own.of<DynLocRep>(); };
  return {
      {"seeds",
       {{"3", [](Config& c) { c.seeds = {3}; }},
        {"[2,5]",
         [](Config& c) {
           c.seeds = {2, 5};
         }}},
       training},
      {"threads", {{"2", [](Config& c) { c.threads = 2; }}}, {}},
      {"train.epochs", {{"4", [](Config& c) { c.train.epochs = 4; }}}, training},
      {"train.batch_size", {{"5", [](Config& c) { c.train.batch_size = 5; }}}, training},
      {"train.learning_rate", {{"2e-3", [](Config& c) { c.train.learning_rate = 2e-3; }}}, training},
      {"train.weight_decay", {{"0.5", [](Config& c) { c.train.weight_decay = 0.5; }}}, training},
      {"train.decay_factor", {{"0.5", [](Config& c) { c.train.decay_factor = 0.5; }}}, training},
      {"train.decay_every", {{"2", [](Config& c) { c.train.decay_every = 2; }}}, training},
      {"train.order", {{"study_balanced", [](Config& c) { c.train.order = SubjectOrder::study_balanced; }}}, training},
      {"loss.name",
       [] {
         decltype(KeyRow::values) all;
         for (const std::string& name : loss_names())
           if (name != "dynlocrep") all.push_back({name, loss_named(name).means});
         return all;
       }(),
       training},
      {"loss.formulation",
       {{"printed", [](Config& c) { c.loss.shared.formulation = Formulation::printed; }}},
       training},
      {"loss.kernel",
       {{"gaussian", [](Config& c) { c.loss.shared.kernel = AgeKernel::gaussian; }},
        {"cauchy", [](Config& c) { c.loss.shared.kernel = AgeKernel::cauchy; }}},
       training},
      {"loss.sigma", {{"9", [](Config& c) { c.loss.shared.sigma = 9.0; }}}, training},
      {"loss.temperature", {{"0.4", [](Config& c) { c.loss.shared.temperature = 0.4; }}}, training},
      {"loss.base_temperature", {{"0.2", [](Config& c) { c.loss.shared.base_temperature = 0.2; }}}, training},
      {"loss.distance",
       {{"euclidean", [](Config& c) { c.loss.shared.distance = Distance::euclidean; }},
        {"chebyshev", [](Config& c) { c.loss.shared.distance = Distance::chebyshev; }},
        {"cosine", [](Config& c) { c.loss.shared.distance = Distance::cosine; }}},
       training},
      {"loss.final_neighbours", {{"2", [own](Config& c) { own(c).final_neighbours = 2; }}}, training},
      {"loss.step_size",
       {{"2", [own](Config& c) { own(c).step_size = 2; }}},
       training,
       {{"train.epochs=4", [](Config& c) { c.train.epochs = 4; }}}},
      {"loss.far_decay", {{"0.5", [own](Config& c) { own(c).far_decay = 0.5; }}}, training},
      {"loss.short_batch", {{"whole", [own](Config& c) { own(c).short_batch = ShortBatch::whole; }}}, training},
      {"loss.delta_reduction",
       {{"mean", [](Config& c) { c.loss.own.of<Threshold>().delta_reduction = DeltaReduction::mean; }}},
       value_alone,
       {loss_named("threshold")}},
      {"loss.bin_width",
       {{"40", [](Config& c) { c.loss.own.of<SupCon>().bin_width = 40; }}},
       training,
       {loss_named("sup_con")}},
      {"loss.queue_size",
       {{"20", [](Config& c) { c.loss.own.of<Nnclr>().queue_size = 20; }}},
       training,
       {loss_named("nnclr")}},
      {"model.width", {{"3", [](Config& c) { c.model.width = 3; }}}, training},
      {"model.projection", {{"false", [](Config& c) { c.model.projection = false; }}}, training},
      {"model.embedding", {{"5", [](Config& c) { c.model.embedding = 5; }}}, training},
      {"model.precision", {{"bfloat16", [](Config& c) { c.precision = Precision::bfloat16; }}}, training},
  };
}

std::vector<KeyRow> evaluation_rows() {
  const Change l1 = predicted_by("l1"), watching{"evaluation.every=1", [](Config&c) { c.evaluation.every = 1; }};
  return {
      {"evaluation.features", {{"encoder", [](Config& c) { c.evaluation.features = Features::encoder; }}}, evaluation},
      {"evaluation.predictor",
       {{"l1", l1.means}, {"huber", predicted_by("huber").means}, {"dex", predicted_by("dex").means}},
       evaluation},
      {"evaluation.huber_delta",
       {{"9", [](Config& c) { c.evaluation.predictor.own.of<HuberPredictor>().huber_delta = 9; }}},
       evaluation,
       {predicted_by("huber")}},
      {"evaluation.penalty", {{"2", [](Config& c) { c.evaluation.predictor.shared.penalty = 2.0; }}}, evaluation, {l1}},
      {"evaluation.inner_folds",
       {{"contiguous", [](Config& c) { c.evaluation.predictor.shared.inner_folds = InnerFolds::contiguous; }}},
       {"predictor"}},
      {"evaluation.every", {{"2", [](Config& c) { c.evaluation.every = 2; }}}, value_alone, {validation, watching}},
      {"evaluation.watch",
       {{"test", [](Config& c) { c.evaluation.watch = Watch::test; }}},
       value_alone,
       {validation, watching}},
      {"evaluation.embeddings_at",
       {{"[1,3,9]",
         [](Config& c) {
           c.evaluation.embeddings_at = {1, 3, 9};
         }}},
       {"embeddings"}},
  };
}

/// The phantom that a configuration names, written by this test.
std::string phantom_of(const PhantomOptions& o) {
  const std::string path = fmt::format("{}/expected-{}-{}-{}-{}.h5", workplace().folder, static_cast<int>(o.modality),
                                       o.voxel_mm, o.subjects, o.seed);
  if (fs::exists(path)) return path;
  phantom::CohortOptions options;
  options.subjects = o.subjects;
  options.voxel_mm = o.voxel_mm;
  options.t1 = o.modality == PhantomModality::t1;
  options.seed = static_cast<std::uint32_t>(o.seed);
  options.threads = 1;
  phantom::write_cohort(options, path);
  return path;
}

/// Another cohort file: fewer subjects.
const std::string& other_cohort() {
  static const std::string path = phantom_of({.voxel_mm = 16, .subjects = 20, .seed = 4});
  return path;
}

/// The model file of an earlier run of the base setting with another embedding width.
const std::string& earlier_weights() {
  static const std::string path = [] {
    const std::string name = workplace().folder + "/earlier.h5";
    H5Writer file(name);
    Model model({.channels = 1, .width = 2, .embedding = 5});
    HostBackend backend;
    ParameterStore store(backend, DType::f32, model.parameters());
    store.initialise(99);
    for (const Parameter* p : model.parameters()) {
      const auto values = to_file_order(p->shape, store.read(*p));
      file.floats(p->name, file_shape(p->shape), std::vector<float>(values.begin(), values.end()));
    }
    file.commit();
    return name;
  }();
  return path;
}

/// A file with the ids of a test part.
const std::string& test_ids() {
  static const std::string path = [] {
    const std::string name = workplace().folder + "/ids.txt";
    std::ofstream(name) << "phantom-00003\nphantom-00011\r\n\nphantom-00020\n";
    return name;
  }();
  return path;
}

std::vector<KeyRow> data_rows() {
  const Change by_column{"data.split=column", [](Config& c) { c.data.split = SplitBy::column; }};
  const Change phantom{"data.cohort= data.phantom.voxel_mm=16 data.phantom.subjects=20", [](Config& c) {
                         c.data.cohort = "";
                         c.data.phantom.voxel_mm = 16;
                         c.data.phantom.subjects = 20;
                       }};
  const Change weights{"pretrained.weights=" + earlier_weights() + " model.embedding=5", [](Config& c) {
                         c.pretrained.weights = earlier_weights();
                         c.model.embedding = 5;
                       }};
  return {
      {"data.cohort", {{other_cohort(), [](Config& c) { c.data.cohort = other_cohort(); }}}, data},
      {"data.split",
       {{"persons", [](Config& c) { c.data.split = SplitBy::persons; }},
        {"column", [](Config& c) { c.data.split = SplitBy::column; }}},
       data},
      {"data.split_column",
       {{"study", [](Config& c) { c.data.split_column = "study"; }}},
       data,
       {by_column,
        {"data.test_values=[1,test]",
         [](Config& c) {
           c.data.test_values = {"1", "test"};
         }}}},
      {"data.test_values", {{"[val]", [](Config& c) { c.data.test_values = {"val"}; }}}, data, {by_column}},
      {"data.validation_values", {{"[val]", [](Config& c) { c.data.validation_values = {"val"}; }}}, data, {by_column}},
      {"data.test_ids",
       {{test_ids() + " data.split=ids",
         [](Config& c) {
           c.data.split = SplitBy::ids;
           c.data.test_ids = test_ids();
         }}},
       data},
      {"data.stratify",
       {{"age", [](Config& c) { c.data.stratify = {"age"}; }},
        {"age,study",
         [](Config& c) {
           c.data.stratify = {"age", "study"};
         }}},
       data,
       {{"data.split=persons", [](Config& c) { c.data.split = SplitBy::persons; }}}},
      {"data.validation", {{"0.2", validation.means}}, data},
      {"data.folds", {{"3", [](Config& c) { c.data.folds = 3; }}}, data},
      {"data.fold", {{"1", [](Config& c) { c.data.fold = 1; }}, {"4", [](Config& c) { c.data.fold = 4; }}}, data},
      {"data.split_seed", {{"7", [](Config& c) { c.data.split_seed = 7; }}}, data},
      {"data.normalise",
       {{"all", [](Config& c) { c.data.normalise = NormaliseScope::all; }},
        {"subject", [](Config& c) { c.data.normalise = NormaliseScope::subject; }}},
       data},
      {"data.phantom.modality",
       {{"t1", [](Config& c) { c.data.phantom.modality = PhantomModality::t1; }}},
       data,
       {phantom}},
      {"data.phantom.voxel_mm", {{"15", [](Config& c) { c.data.phantom.voxel_mm = 15.0; }}}, data, {phantom}},
      {"data.phantom.subjects", {{"21", [](Config& c) { c.data.phantom.subjects = 21; }}}, data, {phantom}},
      {"data.phantom.seed", {{"3", [](Config& c) { c.data.phantom.seed = 3; }}}, data, {phantom}},
      {"pretrained.weights",
       {{earlier_weights(), [](Config& c) { c.pretrained.weights = earlier_weights(); }}},
       training,
       {{"model.embedding=5", [](Config& c) { c.model.embedding = 5; }}}},
      {"pretrained.allow_missing",
       {{"[head]",
         [](Config& c) {
           c.pretrained.weights = earlier_weights();
           c.model.embedding = 6;
         }}},
       training,
       {weights,
        {"model.embedding=6",
         [](Config& c) {  // without the key the run is refused: this is the plain run
           c.pretrained.weights = "";
           c.model.embedding = 6;
         }}}},
  };
}

std::vector<KeyRow> augmentation_rows() {
  std::vector<KeyRow> rows;
  KeyRow apply{"data.augment.apply", {}, training};
  for (const std::string& name : augmentation_names()) apply.values.push_back({name, augmented(name).means});
  apply.values.push_back({"noise,flip", [](Config& c) { c.data.augment.apply = {"noise", "flip"}; }});
  rows.push_back(apply);
  const auto row = [&](const std::string& key, const std::string& word, std::function<void(Config&)> means) {
    const std::string name = key.substr(0, key.find('.'));
    rows.push_back({"data.augment." + key, {{word, std::move(means)}}, training, {augmented(name)}});
  };
  row("cutout.probability", "1", [](Config& c) { c.data.augment.cutout.probability = 1; });
  row("cutout.edge_mm", "100", [](Config& c) { c.data.augment.cutout.edge_mm = 100; });
  row("noise.probability", "0.3", [](Config& c) { c.data.augment.noise.probability = 0.3; });
  row("noise.sd", "0.7", [](Config& c) { c.data.augment.noise.sd = 0.7; });
  row("flip.probability", "1", [](Config& c) { c.data.augment.flip.probability = 1; });
  row("flip.axis", "down-up", [](Config& c) { c.data.augment.flip.axis = FlipAxis::down_up; });
  row("rotation.probability", "0.4", [](Config& c) { c.data.augment.rotation.probability = 0.4; });
  row("rotation.degrees", "50", [](Config& c) { c.data.augment.rotation.degrees = 50; });
  row("crop.probability", "0.3", [](Config& c) { c.data.augment.crop.probability = 0.3; });
  row("crop.edge_mm", "100", [](Config& c) { c.data.augment.crop.edge_mm = 100; });
  return rows;
}

std::vector<KeyRow> all_rows() {
  std::vector<KeyRow> all;
  for (auto rows : {training_rows(), evaluation_rows(), data_rows(), augmentation_rows()})
    all.insert(all.end(), rows.begin(), rows.end());
  return all;
}

/// Runs the program with a setting's words; nothing but the setting is named.
Result run_setting(const Setting& setting, const std::string& out) {
  static const std::string nothing = [] {
    const std::string path = workplace().folder + "/defaults.toml";
    std::ofstream(path) << "# every default\n";
    return path;
  }();
  std::string command =
      fmt::format("cd {} && {} {} --device reference --out {}", workplace().folder, installed(), nothing, out);
  for (const auto& [key, word] : setting.words) command += fmt::format(" '{}={}'", key, word);
  const Finished finished = shell(command + " 2>&1");
  return {finished.code, finished.text};
}

WrittenRun expected(const Setting& setting, const RunParts& parts = {}) {
  const DataOptions& d = setting.config.data;
  return write_out(setting.config, d.cohort.empty() ? phantom_of(d.phantom) : d.cohort, parts);
}

std::string list(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : ", ") + word;
  return out.empty() ? "nothing" : out;
}

void check_rows(const std::vector<KeyRow>& rows) {
  for (const KeyRow& row : rows) {
    Setting without;
    for (const Change& change : base()) without.add(change);
    for (const Change& change : row.with) without.add(change);
    const WrittenRun before = expected(without);
    for (const auto& [word, means] : row.values) {
      CAPTURE(row.key);
      CAPTURE(word);
      Setting setting = without;
      setting.add({row.key + "=" + word, means});
      const std::string out = "key-" + row.key + "-" + std::to_string(&word - &row.values[0].first);
      const Result result = run_setting(setting, out);
      CHECK_MESSAGE(result.code == 0, result.text);
      if (result.code != 0) continue;
      const WrittenRun written = expected(setting), run = read_run(out, setting.config);
      CHECK(list(differences(run, written)) == "nothing");
      CHECK(list(differences(written, before)) == list(row.shows));
    }
  }
}

}  // namespace

TEST_CASE("every key has a row here") {
  std::set<std::string> keys, rows;
  for (const Field<Config>& f : config_fields()) keys.insert(f.key);
  for (const KeyRow& row : all_rows()) {
    rows.insert(row.key);
    CHECK_FALSE(row.values.empty());
  }
  CHECK(rows == keys);
}

TEST_CASE("every key of training, loss and model changes the run as written out") { check_rows(training_rows()); }

TEST_CASE("every key of the evaluation changes the run as written out") { check_rows(evaluation_rows()); }

TEST_CASE("every key of the data changes the run as written out") { check_rows(data_rows()); }

TEST_CASE("every key of the augmentations changes the run as written out") { check_rows(augmentation_rows()); }
