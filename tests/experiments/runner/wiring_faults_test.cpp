// SPDX-License-Identifier: Apache-2.0
// Faults in how a run is put together. Each replaces one part of the run written out (run_parts.h) by a wrong one. The
// result must differ from that of the real program; so the comparison of keys_test.cpp would notice the same fault in
// the program.
#include <doctest/doctest.h>

#include "tests/experiments/runner/tiny_settings.h"

using namespace cg;
using namespace cg::test;

namespace {

struct Fault {
  std::string name;
  std::function<void(RunParts&)> plant;
};

/// A run in which every part matters, and what it left.
struct Observed {
  TinySetting setting;
  WrittenRun run;

  Observed(const std::string& out, const std::vector<Change>& changes) {
    for (const Change& change : base()) setting.add(change);
    for (const Change& change : changes) setting.add(change);
    const Result result = run_setting(setting, out);
    REQUIRE_MESSAGE(result.code == 0, result.text);
    run = read_run(out, setting.config);
    REQUIRE(list(differences(run, expected(setting))) == "nothing");
  }

  void notices(const std::vector<Fault>& faults) const {
    for (const Fault& fault : faults) {
      CAPTURE(fault.name);
      RunParts parts;
      fault.plant(parts);
      CHECK(list(differences(run, expected(setting, parts))) != "nothing");
    }
  }
};

const Change seed_5{"seeds=5", [](Config& c) { c.seeds = {5}; }};
const Change watching{"evaluation.every=1", [](Config& c) { c.evaluation.every = 1; }};
const Change decay{"train.weight_decay=0.1", [](Config& c) { c.train.weight_decay = 0.1; }};
const Change second_fold{"data.fold=1", [](Config& c) { c.data.fold = 1; }};

std::vector<Fault> faults_of_the_schedule() {
  return {
      {"the schedule stands at epoch 1",
       [](RunParts& p) { p.schedule = [](const Config& c, Index) { return std::pair(Index{1}, c.train.epochs); }; }},
      {"the schedule counts from 0",
       [](RunParts& p) {
         p.schedule = [](const Config& c, Index e) { return std::pair(std::max<Index>(1, e - 1), c.train.epochs); };
       }},
      {"the schedule has the default number of epochs",
       [](RunParts& p) { p.schedule = [](const Config&, Index e) { return std::pair(e, Index{50}); }; }},
      {"the learning rate never decays",
       [](RunParts& p) { p.learning_rate = [](const Config& c, Index) { return c.train.learning_rate; }; }},
      {"the learning rate is that of the next epoch",
       [](RunParts& p) {
         p.learning_rate = [](const Config& c, Index epoch) {
           return Schedule{c.train.learning_rate, c.train.decay_factor, c.train.decay_every}.rate(epoch + 1);
         };
       }},
      {"the learning rate is the default one",
       [](RunParts& p) {
         p.learning_rate = [](const Config& c, Index epoch) {
           return Schedule{.factor = c.train.decay_factor, .every = c.train.decay_every}.rate(epoch);
         };
       }},
      {"the weight decay is not passed on", [](RunParts& p) { p.adam = [](const Config&) { return AdamOptions{}; }; }},
      {"Adam has another second moment",
       [](RunParts& p) {
         p.adam = [](const Config& c) { return AdamOptions{.beta2 = 0.99, .weight_decay = c.train.weight_decay}; };
       }},
      {"the epoch's loss is that of its last batch",
       [](RunParts& p) { p.epoch_loss = [](const std::vector<double>& all) { return all.back(); }; }},
      {"the epoch's loss is the sum over its batches",
       [](RunParts& p) {
         p.epoch_loss = [](const std::vector<double>& all) {
           double sum = 0;
           for (const double loss : all) sum += loss;
           return sum;
         };
       }},
      {"the neighbours count rows, not subjects",
       [](RunParts& p) { p.neighbours = [](const std::vector<LossMetrics>& all) { return all.front().neighbours; }; }},
      {"the neighbours are those of the last batch",
       [](RunParts& p) {
         p.neighbours = [](const std::vector<LossMetrics>& all) { return all.back().neighbours / 2; };
       }},
  };
}

std::vector<Fault> faults_of_the_loss() {
  const auto options = [](auto change) {
    return [change](RunParts& p) {
      p.loss = [change](const Config& c) {
        LossOptions o = c.loss;
        change(o);
        return o;
      };
    };
  };
  return {
      {"the loss is the default one", options([](LossOptions& o) { o.name = SupCon::name; })},
      {"the loss has the default options", options([](LossOptions& o) { o = {.name = o.name}; })},
      {"the loss's own options are lost", options([](LossOptions& o) { o.own = {}; })},
      {"the loss's shared options are lost", options([](LossOptions& o) { o.shared = {}; })},
      {"the formulation is the printed one",
       options([](LossOptions& o) { o.shared.formulation = Formulation::printed; })},
      {"the temperature is that of another loss", options([](LossOptions& o) { o.shared.temperature = 2; })},
  };
}

std::vector<Fault> faults_of_the_data() {
  const auto by = [](auto subjects) {
    return [subjects](RunParts& p) {
      p.normalised_by = [subjects](const Config&, const Split& split) -> std::optional<Subjects> {
        return subjects(split);
      };
    };
  };
  const auto split = [](auto change) {
    return [change](RunParts& p) {
      p.split = [change, right = p.split](const Config& c, const CohortFile& file) {
        Config wrong = c;
        Split out = right(wrong, file);
        change(wrong, out);
        if (out.train.empty()) out = right(wrong, file);
        return out;
      };
    };
  };
  return {
      {"the subjects are not shuffled",
       [](RunParts& p) {
         p.order = [](const Config&, const Dataset&, const Subjects& train, std::uint64_t, Index) { return train; };
       }},
      {"every epoch has the order of the first",
       [](RunParts& p) {
         p.order = [right = p.order](const Config& c, const Dataset& d, const Subjects& train, std::uint64_t seed,
                                     Index) { return right(c, d, train, seed, 1); };
       }},
      {"every seed has the order of seed 0",
       [](RunParts& p) {
         p.order = [right = p.order](const Config& c, const Dataset& d, const Subjects& train, std::uint64_t, Index e) {
           return right(c, d, train, 0, e);
         };
       }},
      {"the last, short batch is left out",
       [](RunParts& p) {
         p.batches = [right = p.batches](const Config& c, const Subjects& order) {
           auto all = right(c, order);
           all.pop_back();
           return all;
         };
       }},
      {"the batches have another size",
       [](RunParts& p) {
         p.batches = [right = p.batches](const Config& c, const Subjects& order) {
           Config wrong = c;
           wrong.train.batch_size += 2;
           return right(wrong, order);
         };
       }},
      {"normalised by the test part too", by([](const Split& s) {
         Subjects all = s.train;
         all.insert(all.end(), s.test.begin(), s.test.end());
         std::ranges::sort(all);
         return std::optional(all);
       })},
      {"normalised by the test part", by([](const Split& s) { return std::optional(s.test); })},
      {"every map normalised by itself", by([](const Split&) { return std::optional<Subjects>(); })},
      {"the fold is ignored", split([](Config& c, Split& s) {
         c.data.fold = 0;
         s = {};
       })},
      {"the number of folds is the default", split([](Config& c, Split& s) {
         c.data.folds = 5;
         s = {};
       })},
      {"the seed of the split is the default", split([](Config& c, Split& s) {
         c.data.split_seed = 42;
         s = {};
       })},
      {"training and test part are exchanged", split([](Config&, Split& s) { std::swap(s.train, s.test); })},
      {"the validation part is trained on", split([](Config&, Split& s) {
         s.train.insert(s.train.end(), s.validation.begin(), s.validation.end());
         std::ranges::sort(s.train);
       })},
      {"there is no validation part", split([](Config& c, Split& s) {
         c.data.validation = 0;
         s = {};
       })},
      {"the test part is trained on", split([](Config&, Split& s) {
         s.train.insert(s.train.end(), s.test.begin(), s.test.end());
         std::ranges::sort(s.train);
       })},
      {"one test subject is lost", split([](Config&, Split& s) { s.test.pop_back(); })},
      {"every seed starts from the weights of seed 0",
       [](RunParts& p) { p.random_seed = [](const Config&, Index) { return std::uint64_t{0}; }; }},
  };
}

std::vector<Fault> faults_of_the_evaluation() {
  const auto parts = [](auto change) {
    return [change](RunParts& p) {
      p.evaluated = [change](const Config&, const Split& split) {
        Split out = split;
        change(out);
        return out;
      };
    };
  };
  return {
      {"batch norm is evaluated as in training",
       [](RunParts& p) { p.evaluates_in_training_mode = [](const Config&) { return true; }; }},
      {"the features are always the projected ones",
       [](RunParts& p) { p.features = [](const Config&) { return Features::projected; }; }},
      {"the predictor has its default options",
       [](RunParts& p) {
         p.predictor = [](const Config& c, std::uint64_t) {
           return PredictorOptions{.name = c.evaluation.predictor.name};
         };
       }},
      {"the predictor is always ridge",
       [](RunParts& p) {
         p.predictor = [](const Config& c, std::uint64_t) {
           PredictorOptions o = c.evaluation.predictor;
           o.name = "ridge";
           return o;
         };
       }},
      {"the predictor's seed is 0",
       [](RunParts& p) { p.predictor = [](const Config& c, std::uint64_t) { return c.evaluation.predictor; }; }},
      {"fitted on the validation part too",
       parts([](Split& s) { s.train.insert(s.train.end(), s.validation.begin(), s.validation.end()); })},
      {"fitted on the test part too",
       parts([](Split& s) { s.train.insert(s.train.end(), s.test.begin(), s.test.end()); })},
      {"the error is that of the training part", parts([](Split& s) { s.test = s.train; })},
      {"the error is that of the validation part", parts([](Split& s) { s.test = s.validation; })},
      {"the validation error is that of the test part", parts([](Split& s) { s.validation = s.test; })},
  };
}

std::vector<Fault> faults_of_the_augmentation() {
  const auto keyed = [](auto change) {
    return [change](RunParts& p) {
      p.augmented_by = [change](const Config&, Key key) {
        change(key);
        return key;
      };
    };
  };
  return {
      {"both views are augmented alike", keyed([](Key& k) { k.view -= k.view % 2; })},
      {"every epoch is augmented alike", keyed([](Key& k) { k.epoch = 1; })},
      {"every subject is augmented alike", keyed([](Key& k) { k.sample = 0; })},
      {"every seed is augmented alike", keyed([](Key& k) { k.seed = 0; })},
      {"a subject's second draw is augmented like its first", keyed([](Key& k) { k.view %= 2; })},
  };
}

}  // namespace

TEST_CASE("wiring: faults of schedule, loss, split, order and start are noticed") {
  const Observed observed("wired", {seed_5,
                                    validation,
                                    watching,
                                    decay,
                                    second_fold,
                                    {"data.folds=2", [](Config& c) { c.data.folds = 2; }},
                                    {"data.split_seed=3", [](Config& c) { c.data.split_seed = 3; }},
                                    {"loss.sigma=5", [](Config& c) { c.loss.shared.sigma = 5; }}});
  observed.notices(faults_of_the_schedule());
  observed.notices(faults_of_the_loss());
  observed.notices(faults_of_the_data());
}

TEST_CASE("wiring: faults of the evaluation are noticed") {
  const Observed observed(
      "evaluated", {seed_5,
                    validation,
                    watching,
                    predicted_by("l1"),
                    {"evaluation.features=encoder", [](Config& c) { c.evaluation.features = Features::encoder; }},
                    {"evaluation.penalty=0.03", [](Config& c) { c.evaluation.predictor.shared.penalty = 0.03; }}});
  observed.notices(faults_of_the_evaluation());
}

TEST_CASE("wiring: faults of the augmentation are noticed") {
  const Observed observed(
      "augmented", {seed_5,
                    augmented("noise"),
                    {"data.augment.noise.sd=0.5", [](Config& c) { c.data.augment.noise.sd = 0.5; }},
                    {"train.order=study_balanced", [](Config& c) { c.train.order = SubjectOrder::study_balanced; }}});
  observed.notices(faults_of_the_augmentation());
}
