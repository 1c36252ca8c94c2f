// SPDX-License-Identifier: Apache-2.0
#include "experiments/teaching/loss_cases.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <filesystem>

#include "losses/registry.h"
#include "tests/data/formats/raw_h5.h"
#include "tests/support/golden_reader.h"
#include "tests/support/thrown.h"

using namespace cg;
using namespace cg::test;

namespace {

const std::string golden = golden_folder() + "/losses.h5";

/// A copy of some golden cases without what came out, and with other `options` where they are given.
void write_questions(const std::string& to, const std::vector<std::string>& groups, const std::string& options = "") {
  const H5Reader from(golden);
  H5Writer out(to);
  for (const std::string& group : groups) {
    for (const char* name : {"embeddings", "ages", "predictions", "queue"}) {
      const std::string dataset = group + "/" + name;
      if (from.has(dataset)) out.numbers(dataset, from.shape(dataset), from.numbers(dataset));
    }
    out.attribute("loss", from.text_attribute("loss", group), group);
    out.attribute("options", options.empty() ? from.text_attribute("options", group) : options, group);
    out.attribute("views", from.number_attribute("views", group), group);
  }
  out.commit();
}

std::string first_group_of(const std::string& loss) {
  const H5Reader file(golden);
  for (const std::string& group : file.members())
    if (file.text_attribute("loss", group) == loss) return group;
  throw std::runtime_error("no case of " + loss);
}

double largest_difference(const std::vector<double>& a, const std::vector<double>& b) {
  REQUIRE(a.size() == b.size());
  double apart = 0;
  for (std::size_t k = 0; k < a.size(); ++k) apart = std::max(apart, std::abs(a[k] - b[k]));
  return apart;
}

}  // namespace

TEST_CASE("Cases: the golden file comes back with its own values and gradients, and every anchor's share") {
  const TemporaryFile questions("questions.h5"), answers("answers.h5");
  const H5Reader file(golden);
  write_questions(questions.path, file.members());
  const CasesSummary summary = evaluate_cases(questions.path, answers.path);
  CHECK(summary.evaluated == static_cast<Index>(file.members().size()));
  CHECK(summary.compared == 0);
  CHECK(summary.failures.empty());
  const H5Reader got(answers.path);
  REQUIRE(got.members() == file.members());
  for (const std::string& group : file.members()) {
    CAPTURE(group);
    const double value = file.numbers(group + "/value")[0];
    // Agreement of the golden files: 1e-10 of the largest entry.
    CHECK(got.numbers(group + "/value")[0] == doctest::Approx(value).epsilon(1e-10));
    const std::vector<double> gradient = file.numbers(group + "/gradient");
    double largest = 0;
    for (const double g : gradient) largest = std::max(largest, std::abs(g));
    CHECK(largest_difference(got.numbers(group + "/gradient"), gradient) <= 1e-10 * largest);
    double sum = 0;
    for (const double row : got.numbers(group + "/rows")) sum += row;
    CHECK(sum == doctest::Approx(value).epsilon(1e-12));
    CHECK(got.numbers(group + "/embeddings") == file.numbers(group + "/embeddings"));
    CHECK(got.text_attribute("options", group) == file.text_attribute("options", group));
  }
}

TEST_CASE("Cases: a file that has the answers already is compared with them") {
  const TemporaryFile answers("answers.h5");
  const CasesSummary summary = evaluate_cases(golden, answers.path);
  CHECK(summary.compared == summary.evaluated);
  CHECK(summary.largest_difference < 1e-10);
  CHECK(evaluate_cases(answers.path, answers.path).largest_difference == 0);  // our own, read back
}

TEST_CASE("Cases: neighbours are found by Algorithm 1 where the options give a schedule instead") {
  const TemporaryFile file("schedule.h5");
  const std::string group = first_group_of("dynlocrep");
  write_questions(file.path, {group}, R"({"final_neighbours": 2, "step_size": 1, "max_epochs": 5, "epoch": 5})");
  const LossCase c = read_loss_case(H5Reader(file.path), group);
  CHECK(c.neighbours == 0);
  CHECK(make_loss(c.options)->evaluate(c.input()).metrics.neighbours == 2 * c.views);
}

TEST_CASE("Cases: one that cannot be evaluated says why, and does not keep the others from it") {
  const TemporaryFile questions("questions.h5"), answers("answers.h5");
  const std::string group = first_group_of("y_aware");
  for (const auto& [options, word] : std::vector<std::pair<std::string, std::string>>{
           {"{\"sigma\": -1}", "sigma"},
           {"{\"kernel\": \"box\"}", "box"},
           {"{\"width\": 3}", "width"},
           {"[1, 2]", "JSON"},
           {"{\"neighbours\": 1.5}", "1.5"},
           {"{\"far_decay\": \"far\"}", "far"},
       }) {
    CAPTURE(options);
    write_questions(questions.path, {group}, options);
    const CasesSummary summary = evaluate_cases(questions.path, answers.path);
    REQUIRE(summary.failures.size() == 1);
    CHECK(summary.failures[0].find(word) != std::string::npos);
    CHECK(summary.failures[0].find(group) != std::string::npos);
    const H5Reader got(answers.path);
    CHECK(got.text_attribute("error", group).find(word) != std::string::npos);
    CHECK_FALSE(got.has(group + "/value"));
  }
  H5Writer out(questions.path);
  out.numbers("good/embeddings", {3, 2}, std::vector<double>{1, 0, 0, 1, 0.6, 0.8});
  out.numbers("good/ages", {3}, std::vector<double>{20, 21, 60});
  out.numbers("unknown/ages", {1}, std::vector<double>{20});
  for (const auto& [group_name, loss] : {std::pair{"good", "exponential"}, {"unknown", "focal"}}) {
    out.attribute("loss", loss, group_name);
    out.attribute("options", "{}", group_name);
    out.attribute("views", 1, group_name);
  }
  out.commit();
  const CasesSummary summary = evaluate_cases(questions.path, answers.path);
  CHECK(summary.evaluated == 1);
  REQUIRE(summary.failures.size() == 1);
  CHECK(summary.failures[0].find("focal") != std::string::npos);
  CHECK(H5Reader(answers.path).has("good/value"));
}

TEST_CASE("Cases: a file that is none, or is empty, is refused, and nothing is written") {
  const TemporaryFile empty("empty.h5"), answers("answers.h5");
  H5Writer(empty.path).commit();
  check_fails([&] { evaluate_cases(empty.path, answers.path); }, ErrorKind::data, {empty.path, "no case"});
  check_fails([&] { evaluate_cases("/nowhere.h5", answers.path); }, ErrorKind::data, {"/nowhere.h5"});
  CHECK_FALSE(std::filesystem::exists(answers.path));
}
