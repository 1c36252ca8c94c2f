// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>

#include "tests/losses/golden_cases.h"

using namespace cg;
using namespace cg::test;

TEST_CASE("Losses: value and gradient agree with the golden file") {
  const GoldenFile file("losses.h5");
  std::map<std::string, int> checked;
  for (const std::string& name : loss_names()) checked[name] = 0;
  for (const std::string& group : file.groups()) {
    CAPTURE(group);
    const std::string loss = file.text(group, "loss");
    REQUIRE_MESSAGE(checked.contains(loss), "unknown loss " << loss);
    const GoldenCase c = read_case(file, group);
    // Both sides are sums of at most 64 terms in double: the file's own tolerance.
    CHECK(distance_from(c, make_loss(c.options)->evaluate(c.input())) < 1e-10);
    ++checked[loss];
  }
  for (const auto& [loss, count] : checked) std::printf("golden: %s: %d cases agree\n", loss.c_str(), count);
  // A loss added since then has no case in the file; that these have some is checked one by one.
  for (const char* loss : {DynLocRep::name, Exponential::name, Nnclr::name, RankNContrast::name, SimClr::name,
                           SupCon::name, Threshold::name, YAware::name})
    CHECK_MESSAGE(checked[loss] > 0, loss << " has no case");
}

TEST_CASE("Losses: Algorithm 1 gives the neighbours of the golden file") {
  const GoldenFile file("losses.h5");
  int schedules = 0;
  for (const std::string& group : file.groups()) {
    const auto json = nlohmann::json::parse(file.text(group, "options"));
    if (!json.contains("epoch")) continue;
    CAPTURE(group);
    const NeighbourSchedule schedule{.batch = file.integer(group, "batch_size"),
                                     .final_neighbours = json.at("final_neighbours"),
                                     .step_size = json.at("step_size"),
                                     .max_epochs = json.at("max_epochs")};
    CHECK(file.integer(group, "views") * neighbours_at(json.at("epoch"), schedule) == json.at("neighbours"));
    ++schedules;
  }
  CHECK(schedules > 0);
}

TEST_CASE("Golden reader: a missing file is an error that names it") {
  CHECK_THROWS_WITH(GoldenFile("absent.h5"), doctest::Contains("absent.h5 is missing"));
}
