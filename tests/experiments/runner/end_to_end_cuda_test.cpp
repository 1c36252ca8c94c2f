// SPDX-License-Identifier: Apache-2.0
// Whole runs of the real executable on a GPU: what the CPU's say too, the same bytes again, and after an interruption.
#include <doctest/doctest.h>

#include <cmath>

#include "tests/experiments/runner/tiny_run.h"
#include "tests/support/cuda.h"

using namespace cg;
using namespace cg::test;

namespace {

Result run(const std::string& out, const std::string& more) { return run_tiny(out, "seeds=0 " + more); }

/// Everything that a run leaves, but for the clock.
std::vector<std::string> outcome(const std::string& out) {
  std::vector<std::string> all = {bytes(out + "/predictions.csv"), bytes(out + "/model.h5"),
                                  bytes(out + "/embeddings.h5")};
  for (const auto& row : metrics(out)) all.push_back(row.at("loss") + " " + row.at("mae"));
  return all;
}

}  // namespace

TEST_CASE(
    "a run on a GPU: its losses are those of the CPU, with volumes kept on the device and with uploaded volumes") {
  if (!device_or_skip()) return;
  // At a rate that all but stands still: Adam's first steps follow the sign of a gradient, however small.
  const std::string setting = "train.epochs=2 train.learning_rate=1e-9 model.precision=float32 ";
  for (const auto& [name, augmented] :
       {std::pair("kept", std::string()), {"uploaded", std::string("data.augment.apply=noise")}}) {
    CAPTURE(name);
    const std::string gpu = std::string(name) + "-gpu", cpu = std::string(name) + "-cpu";
    const Result on_gpu = run(gpu, setting + "--device cuda " + augmented);
    REQUIRE_MESSAGE(on_gpu.code == 0, on_gpu.text);
    CHECK((on_gpu.text.find("volumes     all on the device") != std::string::npos) == augmented.empty());
    const Result on_cpu = run(cpu, setting + "--device cpu " + augmented);
    REQUIRE_MESSAGE(on_cpu.code == 0, on_cpu.text);
    const Rows got = metrics(gpu), want = metrics(cpu);
    REQUIRE(got.size() == 2);
    for (std::size_t epoch = 0; epoch < 2; ++epoch)
      CHECK(std::stod(got[epoch].at("loss")) == doctest::Approx(std::stod(want[epoch].at("loss"))).epsilon(1e-3));
  }
}

TEST_CASE("a run on a GPU: the same seed gives the same bytes, also after an interruption") {
  if (!device_or_skip()) return;
  for (const char* precision : {"float32", "bfloat16"}) {
    CAPTURE(precision);
    const std::string setting = fmt::format(
        "seeds=0 train.epochs=200 evaluation.embeddings_at=200 model.precision={} --device cuda", precision);
    const std::string straight = fmt::format("straight-{}", precision), stopped = fmt::format("stopped-{}", precision);
    const Result first = run_tiny(straight, setting);
    REQUIRE_MESSAGE(first.code == 0, first.text);
    Process process(stopped, setting);
    wait_for_lines(process, stopped, 3);
    process.send(SIGTERM);
    const Result interrupted = process.wait();
    CHECK_MESSAGE(interrupted.code == 75, interrupted.text);
    const Result resumed = run_tiny(stopped, setting);
    REQUIRE_MESSAGE(resumed.code == 0, resumed.text);
    CHECK(outcome(stopped) == outcome(straight));
    CHECK(summary(stopped).at("resumed") == 1);
  }
}
