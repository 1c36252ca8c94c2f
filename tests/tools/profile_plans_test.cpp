// SPDX-License-Identifier: Apache-2.0
// The real executable plans for a GPU that does not exist here: needs cuDNN, but no device.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "tests/support/cuda.h"
#include "tests/support/program.h"

using namespace cg;
using namespace cg::test;

namespace {

Finished run(const TestFolder& folder, const std::string& arguments) {
  return run_program(folder.path(), "profile_memory", arguments, "LC_ALL=C");
}

}  // namespace

TEST_CASE(
    "profile_memory: a step is planned for a GPU that does not exist here, with cuDNN's engine for each convolution") {
  if (!module_or_skip()) return;
  const TestFolder folder;
  const Finished result = run(folder, "dynlocrep model.precision=bfloat16 --device H200 --plans --json h200.json");
  CAPTURE(result.text);
  REQUIRE(result.code == 0);
  CHECK(result.says("cuda: NVIDIA H200"));
  const auto found = nlohmann::json::parse(folder.read("h200.json"));
  const auto& plans = found.at("convolution_plans");
  CHECK(plans.size() == 3 * 20 - 1);  // the stem has no gradient of its input
  for (const auto& plan : plans) {
    CHECK(plan.at("deterministic") == true);
    CHECK(plan.at("type") == "bfloat16");
    CHECK(result.says(plan.at("layer").get<std::string>()));
  }
  CHECK_FALSE(found.contains("device_properties"));  // only for a device that exists
  CHECK(result.says(fmt::format("{:.1f}\n", found.at("planned").at("total").get<double>() / 1e6)));
  const Finished largest = run(folder, "dynlocrep model.precision=bfloat16 --device H200 --batch max --memory 4GB");
  CHECK(largest.says("Largest batch in 4000.0 MB: "));
  CHECK(largest.says("500.0 MB for libraries"));  // the code of kernels
}
