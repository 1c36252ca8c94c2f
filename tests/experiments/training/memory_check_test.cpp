// SPDX-License-Identifier: Apache-2.0
// What training asks of a device, and what is said where it does not get it: devices whose free memory is made up.
#include "experiments/training/memory_check.h"

#include <doctest/doctest.h>

#include <regex>

#include "experiments/training/cohort.h"
#include "tests/data/sample_dataset.h"
#include "tests/support/thrown.h"

using namespace cg;
using namespace cg::test;

namespace {

class MadeDevice : public HostBackend {
 public:
  MadeDevice() { traits_.has_own_memory = true; }
  void compute_in_host_memory() { traits_.has_own_memory = false; }
  Index free = 0;
  Index free_bytes() const override { return free; }
  Index held_bytes() const override { return 7'000'000; }
};

LearnerOptions small() {
  LearnerOptions o;
  o.model = {.channels = 1, .width = 8, .embedding = 8};
  o.volume = {20, 24, 18};
  return o;
}

Index demand(const LearnerOptions& options, Index batch, MadeDevice& device) {
  return Demand(StepPlanner(options, device).memory(batch), device).total();
}

/// The message of an error of memory.
template <class Work>
std::string refused(const Work& work) {
  try {
    work();
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::memory);
    return error.what();
  }
  FAIL_CHECK("nothing was refused");
  return "";
}

Index batch_named(const std::string& message) {
  std::smatch found;
  CAPTURE(message);
  REQUIRE(std::regex_search(message, found, std::regex("[Ss]et train.batch_size = ([0-9]+), which fits")));
  return std::stoll(found[1]);
}

}  // namespace

TEST_CASE("memory check: a device with its own memory has room for two uploaded batches and the kernels' code") {
  MadeDevice device;
  const LearnerOptions options = small();
  const StepMemory memory = StepPlanner(options, device).memory(8);
  const Demand there(memory, device);
  CHECK(there.step == memory.total());
  CHECK(there.ahead == 2 * memory.volumes);
  CHECK(there.saving == 0);
  CHECK(there.beside == 500'000'000);
  device.compute_in_host_memory();
  const Demand here(memory, device);
  CHECK(here.saving > 0);
  CHECK(here.beside == 160'000'000);
}

TEST_CASE("memory check: the rest is returned; one byte too little is refused with a batch that fits") {
  MadeDevice device;
  const LearnerOptions options = small();
  const MemoryJob job{options, 24, 100, device};
  const Index asked = demand(options, 24, device);
  device.free = asked + 5;
  CHECK(require_memory(job) == 5);
  device.free = asked;
  CHECK(require_memory(job) == 0);
  device.free = asked - 1;
  const std::string message = refused([&] { require_memory(job); });
  for (const char* words : {"train.batch_size = 24: training needs ", "500.0 MB for libraries", "7.0 MB are held"})
    CHECK(message.find(words) != std::string::npos);
  const Index fits = batch_named(message);
  CHECK(fits < 24);
  CHECK(demand(options, fits, device) <= device.free);
  CHECK(100 % fits != 1);
  device.free = 0;
  CHECK(require_memory(job) == 0);  // unknown
}

TEST_CASE("memory check: where the batch fits with recomputed outputs, the message says so") {
  MadeDevice device;
  LearnerOptions options = small(), stem = small(), layer1 = small();
  stem.model.recompute = Recompute::stem;
  layer1.model.recompute = Recompute::layer1;
  const auto words = [](const char* value) {
    return fmt::format("train.recompute = \"{}\": this batch then fits", value);
  };
  const auto message = [&](Index free) {
    device.free = free;
    return refused([&] { require_memory({options, 24, 100, device}); });
  };
  const Index needed = demand(stem, 24, device), least = demand(layer1, 24, device);
  CHECK(least < needed);
  CHECK(needed < demand(options, 24, device));
  CHECK(message(needed).find(words("stem")) != std::string::npos);
  CHECK(message(needed - 1).find(words("layer1")) != std::string::npos);
  CHECK(message(least - 1).find("this batch then fits") == std::string::npos);
  options = stem;
  CHECK(message(needed - 1).find(words("layer1")) != std::string::npos);
  options = layer1;
  CHECK(message(least - 1).find("this batch then fits") == std::string::npos);
}

TEST_CASE("memory check: an allocation refused during training is reported with a batch that fits the free memory") {
  MadeDevice device;
  const LearnerOptions options = small();
  const MemoryJob job{options, 24, 100, device};
  const Error met(ErrorKind::memory, "GPU memory", "asked for 1.20 GB, holding 3.00 GB", "End what else uses the GPU.");
  device.free = demand(options, 12, device);  // another program took the rest
  const std::string message = refused([&] { name_batch_that_fits(met, job); });
  CHECK(message.starts_with("train.batch_size = 24: GPU memory: asked for 1.20 GB, holding 3.00 GB. "));
  CHECK(batch_named(message) == 12);
  device.free = 1'000'000;
  CHECK(refused([&] { name_batch_that_fits(met, job); }).ends_with("not even a small batch fits."));
  for (const Index enough : {Index{0}, demand(options, 24, device)}) {
    device.free = enough;
    CHECK(refused([&] { name_batch_that_fits(met, job); }).ends_with("End what else uses the GPU."));
  }
}

TEST_CASE("memory check: a cohort stays on the device only if training leaves room for it") {
  const SampleDataset dataset(10);
  MadeDevice device;
  constexpr Index bytes = 10 * 12 * 2;
  const auto kept = [&](Index spare) {
    Cohort cohort;
    cohort.volumes = std::make_unique<VolumeSource>(dataset, std::nullopt, 0);
    cohort.keep_on(device, DType::bf16, spare);
    const bool there = cohort.on_device.has_value();
    cohort.leave_device();
    CHECK_FALSE(cohort.on_device.has_value());
    return there;
  };
  CHECK(kept(bytes));
  CHECK_FALSE(kept(bytes - 1));
  CHECK_FALSE(kept(0));
  device.compute_in_host_memory();
  CHECK_FALSE(kept(1 << 30));
}
