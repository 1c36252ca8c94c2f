// SPDX-License-Identifier: Apache-2.0
// A step's memory as JSON: the numbers of the plan, and the optional parts.
#include "experiments/memory/memory_json.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

using namespace cg;

namespace {

StepMemory planned() {
  HostBackend backend;
  LearnerOptions options;
  options.model = {.channels = 1, .width = 4, .embedding = 8};
  options.volume = {12, 14, 10};
  return StepPlanner(options, backend).memory(3);
}

const StepDescription description{
    .config = "tiny \"x\"", .volume = {12, 14, 10}, .device = "reference: loops", .beside = 77};

}  // namespace

TEST_CASE("memory as JSON: totals and layers are those of the plan; parts that were not requested are absent") {
  const StepMemory memory = planned();
  const auto json = nlohmann::json::parse(memory_json(memory, description, {}, std::nullopt, ""));
  CHECK(json.at("batch") == 3);
  CHECK(json.at("config") == "tiny \"x\"");
  CHECK(json.at("volume").get<Triple>() == Triple{12, 14, 10});
  const auto& totals = json.at("planned");
  CHECK(totals.at("total") == memory.total());
  CHECK(totals.at("arena").get<Index>() + totals.at("parameters").get<Index>() + totals.at("gradients").get<Index>() +
            totals.at("adam").get<Index>() + totals.at("volumes").get<Index>() ==
        memory.total());
  CHECK(totals.at("beside") == 77);
  Index parameters = 0;
  for (const auto& layer : json.at("layers")) parameters += layer.at("parameters").get<Index>();
  CHECK(parameters == totals.at("parameters").get<Index>());
  for (const char* name : {"convolution_plans", "measured", "device_properties"}) CHECK_FALSE(json.contains(name));
}

TEST_CASE("memory as JSON: a measurement, cuDNN's plans and the device's properties") {
  const PlanLine line{.scope = "encoder.conv1",
                      .x = {3, 12, 14, 10, 1},
                      .w = {4, 7, 7, 7, 1},
                      .dtype = DType::bf16,
                      .method = {.direction = Direction::weight_gradient,
                                 .engine = 65,
                                 .knobs = {{2, 7}, {11, 0}},
                                 .notes = {.tensor_cores = true, .deterministic = true},
                                 .engine_workspace = 100,
                                 .workspace = 300,
                                 .source = "table",
                                 .problems = {{.direction = Direction::data_gradient,
                                               .dtype = DType::bf16,
                                               .x = {},
                                               .w = {},
                                               .y = {},
                                               .stride = {},
                                               .padding = {},
                                               .adds = true}}}};
  const MeasuredMemory measured{
      .baseline = 1000, .peak = 5000, .baseline_by_nvml = 2000, .peak_by_nvml = 6500, .beside = 300, .seconds = 0.25};
  const auto json =
      nlohmann::json::parse(memory_json(planned(), description, {line}, measured, "{\"deviceName\":\"H200\"}"));
  const auto& plan = json.at("convolution_plans").at(0);
  CHECK(plan.at("direction") == "weight gradient");
  CHECK(plan.at("engine") == 65);
  CHECK(plan.at("knobs").at("2") == 7);
  CHECK(plan.at("workspace") == 300);
  CHECK(plan.at("source") == "table");
  CHECK(plan.at("adds") == true);
  CHECK(json.at("measured").at("above_baseline") == 4000);
  CHECK(json.at("measured").at("beside") == 300);
  CHECK(json.at("measured").at("nvml").at("above_baseline") == 4500);
  CHECK(json.at("device_properties").at("deviceName") == "H200");
  CHECK(knobs_text(line.method) == "2=7 11=0");
}
