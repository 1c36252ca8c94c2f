// SPDX-License-Identifier: Apache-2.0
// The paragraphs of methods: numbers of the configuration, and a reference for each that is cited.
#include "experiments/report/methods.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "losses/dynlocrep.h"
#include "tests/experiments/report/sample_study.h"

using namespace cg;
using namespace cg::test;

namespace {

bool contains(const std::string& text, const std::string& words) { return text.find(words) != std::string::npos; }

std::string all(const std::vector<std::string>& texts) {
  std::string out;
  for (const std::string& text : texts) out += text + "\n";
  return out;
}

StudyResults two_losses() {
  StudyResults results = sample_results("table3", {{"a", "A", {{20, 40}}}, {"b", "B", {{21, 41}}}});
  results.plan.studies[0].rows[1].config.loss.name = "rank_n_contrast";
  return results;
}

}  // namespace

TEST_CASE("methods: the numbers are those of the configuration") {
  const StudyResults results = two_losses();
  Config config;
  config.train.epochs = 37;
  config.train.learning_rate = 3e-4;
  config.loss.own.of<DynLocRep>().final_neighbours = 11;
  config.data.normalise = NormaliseScope::train;
  TrainingRecord record;
  record.train = 249;
  record.test = 62;
  const std::string text = all(methods({results.plan.studies[0], config, record}).paragraphs);
  for (const char* words : {"37 epochs", "0.0003", "from the batch size to 11", "249", "62", "the training part.",
                            "random initial weights", "one random seed", "same division"})
    CHECK_MESSAGE(contains(text, words), words);
  config.pretrained.weights = "t1.h5";
  config.data.normalise = NormaliseScope::all;
  const std::string other = all(methods({results.plan.studies[0], config, record}).paragraphs);
  CHECK(contains(other, "pre-trained weights"));
  CHECK(contains(other, "of all maps"));
  CHECK_FALSE(contains(other, "random initial weights"));
}

TEST_CASE("methods: each number stands beside the words that it belongs to") {
  StudyResults results = two_losses();
  Config config;
  config.train = {.epochs = 37, .batch_size = 24};
  config.train.learning_rate = 3e-4;
  config.train.weight_decay = 2e-5;
  config.train.decay_factor = 0.8;
  config.train.decay_every = 7;
  config.model.width = 48;
  config.model.embedding = 96;
  config.data.folds = 6;
  config.data.fold = 2;
  config.data.split_seed = 41;
  config.loss.shared.sigma = 3;
  config.loss.shared.temperature = 0.2;
  config.loss.own.of<DynLocRep>().step_size = 4;
  config.evaluation.features = Features::encoder;
  TrainingRecord record;
  record.cohort = "C";
  record.subjects = 100;
  record.train = 70;
  record.validation = 11;
  record.test = 19;
  record.precision = "bfloat16";
  record.device = "a device";
  const auto text = [&] { return all(methods({results.plan.studies[0], config, record}).paragraphs); };
  for (const char* words :
       {"The cohort C has 100 maps; 70 were used for training, 11 for validation and 19 for testing (fold 2 of 6, "
        "split seed 41).",
        "48 channels in the stem and a projection head with 96 outputs", "for 37 epochs in batches of 24 subjects",
        "learning rate 0.0003, multiplied by 0.8 every 7 epochs", "weight decay 2e-05, in bfloat16.",
        "temperature 0.2, with a kernel of the age difference of width 3",
        "falls every 4 epochs from the batch size to", "features before the projection head", " on a device."})
    CHECK_MESSAGE(contains(text(), words), words);
  config.evaluation.features = Features::projected;
  CHECK(contains(text(), "features after the projection head"));
  CHECK_FALSE(contains(text(), "Nadeau"));
  results.plan.studies[0].options.protocol = Protocol::k_fold;
  CHECK(contains(text(), "divided again into 6 folds, and each fold was tested once."));
  CHECK_FALSE(contains(text(), "(fold 2 of 6"));
  CHECK(contains(text(), "corrected for divisions that share subjects (Nadeau & Bengio, 2003)."));
  results.plan.studies[0].options.protocol = Protocol::leave_one_study_out;
  CHECK_FALSE(contains(text(), "Nadeau"));
}

TEST_CASE("methods: each reference is cited, and each citation has its reference") {
  const StudyResults results = two_losses();
  const Methods text = methods({results.plan.studies[0], results.plan.studies[0].rows[0].config, {}});
  const std::string paragraphs = all(text.paragraphs), references = all(text.references);
  for (const auto& [cited, reference] : {std::pair{"Zha et al., 2024", "K. Zha"},
                                         {"Holm, 1979", "S. Holm"},
                                         {"He et al., 2016", "K. He"},
                                         {"Kingma & Ba, 2015", "D. P. Kingma"}}) {
    CHECK(contains(paragraphs, cited));
    CHECK(contains(references, reference));
  }
  CHECK_FALSE(contains(paragraphs, "Chen et al."));
  CHECK_FALSE(contains(references, "SimCLR"));
  CHECK_FALSE(contains(references, "T. Chen"));
  CHECK(std::ranges::count(text.references, text.references.front()) == 1);
}
