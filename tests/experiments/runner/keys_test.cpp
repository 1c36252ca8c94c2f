// SPDX-License-Identifier: Apache-2.0
// Every key of a configuration has an effect, and the right one. Each row sets one key to other values in a tiny run of
// the real program on the reference device. The run folder must then be, to the last bit, what the run written out
// (written_run.h) gives for that value, and must differ from the run without it where the row says so.
#include <doctest/doctest.h>

#include <set>

#include "experiments/statistics/all_predictors.h"
#include "experiments/training/cohort.h"
#include "tests/experiments/runner/tiny_settings.h"

using namespace cg;
using namespace cg::test;
namespace fs = std::filesystem;

namespace {

/// One key with its values. `with`: the setting in which the key matters.
struct KeyRow {
  std::string key;
  std::vector<std::pair<std::string, std::function<void(Config&)>>> values;
  std::vector<std::string> shows;  ///< all that differs, see differences(); empty: none
  std::vector<Change> with = {};
};

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
      {"train.recompute",
       {{"stem", [](Config& c) { c.train.recompute = Recompute::stem; }},
        {"layer1", [](Config& c) { c.train.recompute = Recompute::layer1; }}},
       {}},
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
      {"loss.weight_precision",
       {{"float32", [](Config& c) { c.loss.own.of<Threshold>().weight_precision = WeightPrecision::float32; }}},
       training,
       {loss_named("threshold")}},
      {"loss.bin_width",
       {{"40", [](Config& c) { c.loss.own.of<SupCon>().bin_width = 40; }}},
       training,
       {loss_named("sup_con")}},
      {"loss.queue_size",
       {{"20", [](Config& c) { c.loss.own.of<Nnclr>().queue_size = 20; }}},
       training,
       {loss_named("nnclr"), {"seeds=5", [](Config& c) { c.seeds = {5}; }}}},
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

/// Another cohort file: fewer subjects.
const std::string& other_cohort() {
  static const std::string path = phantom_of({.voxel_mm = 16, .subjects = 20, .seed = 4});
  return path;
}

/// A weights file of the base setting's network with embeddings of 5 numbers, at random values of its own. It names no
/// subjects, so that no test subject is refused.
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

std::string first_study() { return CohortFile(base_cohort()).subject(0).study; }

std::vector<KeyRow> data_rows() {
  const Change persons{"data.split=persons", [](Config& c) { c.data.split = SplitBy::persons; }};
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
       {{"study data.test_values=[\"" + first_study() + "\"]",
         [](Config& c) {
           c.data.split_column = "study";
           c.data.test_values = {first_study()};
         }}},
       data,
       {by_column}},
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
       {persons, validation}},
      {"data.validation", {{"0.2", validation.means}}, data},
      {"data.folds", {{"3", [](Config& c) { c.data.folds = 3; }}}, data},
      {"data.fold", {{"1", [](Config& c) { c.data.fold = 1; }}, {"4", [](Config& c) { c.data.fold = 4; }}}, data},
      {"data.split_seed", {{"7", [](Config& c) { c.data.split_seed = 7; }}}, data},
      {"data.split_seed", {{"7", [](Config& c) { c.data.split_seed = 7; }}}, data, {persons, validation}},
      {"data.normalise",
       {{"all", [](Config& c) { c.data.normalise = NormaliseScope::all; }},
        {"subject", [](Config& c) { c.data.normalise = NormaliseScope::subject; }}},
       data},
      {"data.phantom.modality",
       {{"t1", [](Config& c) { c.data.phantom.modality = PhantomModality::t1; }}},
       data,
       {phantom, {"data.phantom.subjects=21", [](Config& c) { c.data.phantom.subjects = 21; }}}},
      {"data.phantom.voxel_mm", {{"15", [](Config& c) { c.data.phantom.voxel_mm = 15.0; }}}, data, {phantom}},
      {"data.phantom.subjects", {{"21", [](Config& c) { c.data.phantom.subjects = 21; }}}, data, {phantom}},
      {"data.phantom.seed",
       {{"3", [](Config& c) { c.data.phantom.seed = 3; }}, {"5", [](Config& c) { c.data.phantom.seed = 5; }}},
       data,
       {phantom}},
      {"pretrained.weights",
       {{earlier_weights(), [](Config& c) { c.pretrained.weights = earlier_weights(); }}},
       training,
       {{"model.embedding=5", [](Config& c) { c.model.embedding = 5; }}}},
      {"pretrained.equal_ids",
       {{"other_person", [](Config& c) { c.pretrained.equal_ids = EqualIds::other_person; }}},
       {},
       {weights}},
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

void check_rows(const std::vector<KeyRow>& rows) {
  for (const KeyRow& row : rows) {
    TinySetting without;
    for (const Change& change : base()) without.add(change);
    for (const Change& change : row.with) without.add(change);
    const WrittenRun before = expected(without);
    int n = 0;
    for (const auto& [word, means] : row.values) {
      CAPTURE(row.key);
      CAPTURE(word);
      TinySetting setting = without;
      setting.add({row.key + "=" + word, means});
      const std::string out = fmt::format("key-{}-{}-{}", row.key, &row - &rows[0], n++);
      const Result result = run_setting(setting, out);
      CHECK_MESSAGE(result.code == 0, result.text);
      if (result.code != 0) continue;
      CHECK(nlohmann::json::parse(bytes(out + "/environment.json"))["threads"] == setting.config.threads);
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
