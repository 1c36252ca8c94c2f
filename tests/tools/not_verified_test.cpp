// SPDX-License-Identifier: Apache-2.0
// Every program says of each file without digests that it is not verified, and never of a file of this project.
#include <algorithm>

#include "tests/experiments/prediction/predicted.h"

using namespace cg;
using namespace cg::test;

namespace {

const std::string words = "not verified: written by another program";

/// A copy of a file in the workplace, whose digests have another name. Returns the copy's name.
std::string without_digests(const std::string& path, const std::string& name) {
  std::string content = contents(path);
  const auto at = content.find("sha256sums");
  REQUIRE(at != std::string::npos);
  content.replace(at, 10, "sha256sumx");
  std::ofstream(workplace().folder + "/" + name, std::ios::binary) << content;
  return name;
}

std::string said(const std::string& program, const std::string& arguments) {
  const Finished done = run_program(workplace().folder, program, arguments);
  REQUIRE_MESSAGE(done.code == 0, done.text);
  return done.text;
}

std::size_t times(const std::string& text, const std::string& part) {
  std::size_t n = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++n;
  return n;
}

}  // namespace

TEST_CASE("not verified: predict and saliency say it of each model and each cohort") {
  const std::string own = trained().model, &cohort = workplace().cohort;
  const std::string model = without_digests(own, "foreign-model.h5"), one = without_digests(cohort, "foreign-1.h5"),
                    two = without_digests(cohort, "foreign-2.h5");
  CHECK(times(said("predict", own + " " + cohort + " --overwrite"), "not verified") == 0);
  const std::string other_model = said("predict", own + " " + model + " " + cohort + " --overwrite");
  CHECK(times(other_model, words) == 1);
  CHECK(other_model.find(words) > other_model.find("model       foreign-model.h5"));
  const std::string cohorts = said("predict", own + " " + one + " " + cohort + " " + two + " --overwrite");
  CHECK(times(cohorts, words) == 2);
  for (const std::string& name : {one, two}) CHECK(times(cohorts, name + ": " + words) == 1);
  const std::string quick = " --subject phantom-00001 --method gradient --samples 1 --check-scans 0 --overwrite";
  CHECK(times(said("saliency", own + " " + cohort + quick), "not verified") == 0);
  const std::string map = said("saliency", model + " " + one + quick);
  for (const std::string& name : {model, one}) CHECK(times(map, name + ": " + words) == 1);
}

TEST_CASE("not verified: convert_weights says it of its input, whose copy has digests") {
  const std::string own = trained().model, model = without_digests(own, "foreign.h5");
  CHECK(times(said("convert_weights", own + " --list"), "verified: its content has the digests in the file\n") == 1);
  CHECK(times(said("convert_weights", own + " --list"), "not verified") == 0);
  CHECK(times(said("convert_weights", model + " --list"), words) == 1);
  CHECK(times(said("convert_weights", own + " copy.h5 --overwrite"), "verified") == 0);
  CHECK(times(said("convert_weights", model + " copy.h5 --overwrite"), "foreign.h5: " + words) == 1);
}

TEST_CASE("not verified: a run says it of its cohort and of its initial weights, and the page of a cohort says it") {
  const std::string own = trained().model, cohort = workplace().cohort;
  const std::string model = workplace().folder + "/" + without_digests(own, "foreign-weights.h5"),
                    other = workplace().folder + "/" + without_digests(cohort, "foreign-cohort.h5");
  const auto checked = [](const std::string& weights, const std::string& file) {
    const Result result =
        run_tiny("checked", "--check pretrained.equal_ids=other_person pretrained.weights=" + weights, file);
    REQUIRE_MESSAGE(result.code == 0, result.text);
    return result.text;
  };
  CHECK(times(checked(own, cohort), "not verified") == 0);
  CHECK(times(checked(model, cohort), words) == 1);
  CHECK(times(checked(model, other), words) == 2);
  const auto page = [](const std::string& file) {
    said("show_cohort", file + " --out page.html --overwrite");
    return bytes("page.html");
  };
  CHECK(times(page(cohort), "Not verified: another program wrote the file") == 0);
  CHECK(times(page(other), "Not verified: another program wrote the file") == 1);
}
