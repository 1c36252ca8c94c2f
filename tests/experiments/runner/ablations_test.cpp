// SPDX-License-Identifier: Apache-2.0
// The paper's ablations as whole runs: augmentations, predictors, features before and after the projection, no head.
#include <doctest/doctest.h>

#include <cmath>

#include "data/formats/hdf5_file.h"
#include "experiments/record/model_file.h"
#include "experiments/statistics/predictor.h"
#include "tests/experiments/runner/tiny_run.h"

using namespace cg;
using namespace cg::test;

namespace {

constexpr const char* options = "seeds=0 --device cpu train.epochs=2 evaluation.embeddings_at=2 ";

Result run(const std::string& out, const std::string& more) { return run_tiny(out, options + more); }

/// The number of features that the predictor of a run takes.
std::size_t predictor_inputs(const std::string& out) {
  const AgePredictor predictor = read_model(workplace().folder + "/" + out + "/model.h5").prediction.predictor;
  return predictor.weights.size() / predictor.bias.size();
}

}  // namespace

TEST_CASE("ablations: an augmented run reports it, repeats to the byte, and differs from the plain run") {
  const std::string augmented = "data.augment.apply=cutout,noise,flip,rotation,crop";
  const Result first = run("augmented", augmented), again = run("again", augmented), plain = run("plain", "");
  REQUIRE_MESSAGE(first.code == 0, first.text);
  REQUIRE(again.code == 0);
  REQUIRE(plain.code == 0);
  CHECK(first.text.find("augmented   cutout (in 0.5 of the volumes), noise, flip") != std::string::npos);
  CHECK(plain.text.find("augmented") == std::string::npos);
  CHECK(metrics("augmented") == metrics("again"));
  CHECK(bytes("augmented/predictions.csv") == bytes("again/predictions.csv"));
  CHECK(metrics("augmented") != metrics("plain"));
}

TEST_CASE("ablations: an augmentation that changes nothing gives the results of equal views") {
  const Result still = run("still", "model.precision=float32 data.augment.apply=noise data.augment.noise.sd=0"),
               plain = run("plain-float32", "model.precision=float32");
  REQUIRE_MESSAGE(still.code == 0, still.text);
  REQUIRE(plain.code == 0);
  // Two encoded views instead of one: sums in another order, in float32.
  CHECK(std::stod(metrics("still").at(0).at("loss")) ==
        doctest::Approx(std::stod(metrics("plain-float32").at(0).at("loss"))).epsilon(1e-3));
}

TEST_CASE("ablations: every predictor ends in a summary with its penalty") {
  for (const std::string& name : predictor_names()) {
    CAPTURE(name);
    const Result result = run(name, "evaluation.predictor=" + name);
    REQUIRE_MESSAGE(result.code == 0, result.text);
    const auto results = summary(name);
    CHECK(results["test"]["mae"].get<double>() > 0);
    CHECK(results["seeds"][0]["penalty"].get<double>() > 0);
    CHECK(metrics(name).at(1).at("loss") == metrics("ridge").at(1).at("loss"));  // training does not depend on it
  }
  CHECK(summary("l1")["test"]["mae"] != summary("dex")["test"]["mae"]);
}

TEST_CASE("ablations: features before the projection, and no projection head at all") {
  const Result encoder = run("encoder", "evaluation.features=encoder"), projected = run("projected", ""),
               headless = run("headless", "model.projection=false");
  REQUIRE_MESSAGE(encoder.code == 0, encoder.text);
  REQUIRE_MESSAGE(projected.code == 0, projected.text);
  REQUIRE_MESSAGE(headless.code == 0, headless.text);
  // The predictor has a weight for each feature: 8 · width before the projection, model.embedding after it.
  CHECK(predictor_inputs("encoder") == 32);
  CHECK(predictor_inputs("projected") == 8);
  CHECK(predictor_inputs("headless") == 32);
  CHECK(metrics("encoder").at(1).at("loss") == metrics("projected").at(1).at("loss"));  // trained alike
  CHECK(bytes("encoder/predictions.csv") != bytes("projected/predictions.csv"));
  CHECK(headless.text.find("head.") == std::string::npos);  // in the table of layers
  CHECK(encoder.text.find("head.") != std::string::npos);
  const H5Reader features(workplace().folder + "/headless/embeddings.h5"),
      model(workplace().folder + "/headless/model.h5");
  CHECK(features.shape("seed0/epoch2/projected") == Shape{tiny_subjects, 32});
  CHECK(features.shape("seed0/epoch2/encoder") == Shape{tiny_subjects, 32});
  CHECK_FALSE(model.has("head.0.weight"));
}
