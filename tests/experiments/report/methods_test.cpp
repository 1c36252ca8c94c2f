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
