// SPDX-License-Identifier: Apache-2.0
// The studies that are shipped: each row sets the option that its name says, has the paper's number, and shares its
// training with the rows that need the same one.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cmath>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "experiments/study/trainings.h"
#include "losses/dynlocrep.h"

using namespace cg;

namespace {

std::vector<Study> shipped(const std::string& name) {
  const std::filesystem::path experiments = std::filesystem::path(CG_TEST_SOURCE) / "experiments";
  return read_studies(read_source((experiments / (name + ".toml")).string(), {}), experiments);
}

using Papers = std::map<std::string, std::optional<std::pair<double, double>>>;

/// The paper's numbers by row; `of` says what a row must be named after.
Papers papers(const std::string& name, const std::function<std::string(const StudyRow&)>& of) {
  Papers out;
  const std::vector<Study> studies = shipped(name);
  for (const StudyRow& row : studies.at(0).rows) {
    CHECK_MESSAGE(of(row) == row.name, name);
    out[row.name] = row.paper ? std::optional(std::pair(row.paper->mean, row.paper->sd)) : std::nullopt;
  }
  return out;
}

}  // namespace

TEST_CASE("shipped studies: the rows of table 3 train the loss that they name, beside the paper's number") {
  CHECK(papers("table3",
               [](const StudyRow& row) {
                 const Index step = row.config.loss.own.of<DynLocRep>().step_size;
                 return row.config.loss.name + (step == 0 ? "_step_0" : "");
               }) == Papers{{"simclr", {{9.600, 1.701}}},
                            {"nnclr", {{8.526, 1.442}}},
                            {"rank_n_contrast", {{5.266, 0.587}}},
                            {"y_aware", {{3.852, 0.212}}},
                            {"threshold", {{4.420, 0.503}}},
                            {"exponential", {{3.824, 0.215}}},
                            {"dynlocrep", {{3.724, 0.220}}},
                            {"dynlocrep_step_0", {}}});
}

TEST_CASE("shipped studies: the rows of figures 4 and 6 set the option that they name, beside the paper's number") {
  const std::pair ours = {3.724, 0.220};
  CHECK(papers("fig4a_distances",
               [](const StudyRow& row) {
                 return std::map<Distance, std::string>{
                     {Distance::manhattan, "manhattan"},
                     {Distance::cosine, "cosine"},
                     {Distance::euclidean, "euclidean"},
                     {Distance::chebyshev, "chebyshev"}}[row.config.loss.shared.distance];
               }) == Papers{{"manhattan", ours},
                            {"cosine", {{3.748, 0.142}}},
                            {"euclidean", {{3.806, 0.154}}},
                            {"chebyshev", {{3.842, 0.196}}}});
  CHECK(papers("fig4b_predictors", [](const StudyRow& row) { return row.config.evaluation.predictor.name; }) ==
        Papers{{"ridge", ours}, {"l1", {{3.795, 0.254}}}, {"huber", {{3.973, 0.199}}}, {"dex", {{5.759, 0.429}}}});
  CHECK(papers("fig4c_augmentations",
               [](const StudyRow& row) {
                 const std::vector<std::string>& apply = row.config.data.augment.apply;
                 return apply.empty() ? "none" : apply.size() == 1 ? apply.front() : "several";
               }) == Papers{{"none", ours},
                            {"cutout", {{3.667, 0.147}}},
                            {"noise", {{3.956, 0.283}}},
                            {"flip", {{4.238, 0.192}}},
                            {"rotation", {{5.431, 0.414}}}});
  CHECK(papers("fig4d_projection", [](const StudyRow& row) {
          return row.config.evaluation.features == Features::projected ? "projected" : "encoder";
        }) == Papers{{"projected", ours}, {"encoder", {{4.323, 0.216}}}});
  CHECK(papers("fig6_far_decay",
               [](const StudyRow& row) -> std::string {
                 const double decay = row.config.loss.own.of<DynLocRep>().far_decay;
                 return std::isinf(decay) ? "dropped" : decay == 0.5 ? "decay_half" : fmt::format("decay_{:g}", decay);
               }) == Papers{{"dropped", ours},
                            {"decay_0", {}},
                            {"decay_half", {}},
                            {"decay_1", {{3.681, 0.234}}},
                            {"decay_2", {}},
                            {"decay_4", {}}});
}

TEST_CASE("shipped studies: equal trainings are made once, different ones are never shared") {
  const std::map<std::string, std::size_t> wanted = {{"table3", 8 * 5},         {"fig4a_distances", 4 * 5},
                                                     {"fig4b_predictors", 5},   {"fig4c_augmentations", 5 * 5},
                                                     {"fig4d_projection", 5},   {"fig5_umap", 1},
                                                     {"fig6_far_decay", 6 * 5}, {"random_search", 30},
                                                     {"quick_study", 3 * 2},    {"paper", 40 + 15 + 20 + 25 + 30}};
  for (const auto& [name, trainings] : wanted) {
    CAPTURE(name);
    CHECK(plan_studies(shipped(name), "trainings").trainings.size() == trainings);
  }
}
