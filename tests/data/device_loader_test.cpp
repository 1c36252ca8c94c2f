// SPDX-License-Identifier: Apache-2.0
// The device's batches have the same numbers as the loader's, for all ways of copying.
#include "data/device_loader.h"

#include <doctest/doctest.h>

#include <numeric>

#include "tests/data/sample_dataset.h"
#include "tests/support/repeating_backend.h"
#include "tests/support/thrown.h"

using namespace cg;
using namespace cg::test;

namespace {

std::vector<Index> first(Index n) {
  std::vector<Index> out(static_cast<std::size_t>(n));
  std::iota(out.begin(), out.end(), Index{0});
  return out;
}

LoaderOptions options(Augment augment = {}) {
  const Index views = augment ? 2 : 1;
  return {.batch_size = 4, .seed = 5, .epoch = 2, .views = views, .augment = std::move(augment)};
}

void add_the_keys(const Key& key, std::span<float> volume) {
  for (float& value : volume) value += static_cast<float>(100 * key.view + key.sample);
}

/// Subjects, ages and volumes of one batch.
std::vector<double> numbers_of(const Batch& batch, Backend& backend) {
  std::vector<double> all(batch.subjects.begin(), batch.subjects.end());
  all.insert(all.end(), batch.ages.begin(), batch.ages.end());
  Tensor place;
  for (const double value : to_doubles(backend, backend.concatenate(batch.volumes, place))) all.push_back(value);
  return all;
}

template <class AnyLoader>
std::vector<std::vector<double>> all_batches(AnyLoader& loader, Backend& backend) {
  std::vector<std::vector<double>> all;
  while (const auto batch = loader.next()) all.push_back(numbers_of(*batch, backend));
  return all;
}

}  // namespace

TEST_CASE("DeviceLoader: batches are equal to the loader's, whether used in place, uploaded early or late, or kept") {
  const SampleDataset dataset(11);
  const Intensity unscaled{0, 1, 1};
  VolumeSource source(dataset, unscaled, 0);
  HostBackend host;
  for (const bool augmented : {false, true}) {
    const LoaderOptions o = options(augmented ? Augment(add_the_keys) : Augment());
    Loader loader(source, first(11), o);
    const auto expected = all_batches(loader, host);
    REQUIRE(expected.size() == 3);
    DeviceLoader in_place(host, {}, source, first(11), o);
    CHECK(all_batches(in_place, host) == expected);
    for (const bool late : {false, true}) {
      RepeatingBackend device;
      device.late = late;
      BatchBuffers buffers(device);
      DeviceLoader uploaded(device, {.buffers = &buffers}, source, first(11), o);
      CHECK(all_batches(uploaded, device) == expected);
      CHECK(device.uploads == 3);
    }
    RepeatingBackend device;
    const DeviceVolumes kept(device, source, DType::f32);
    const Index copied = device.copied_from_host;
    BatchBuffers buffers(device);
    DeviceLoader loader_of_kept(device, {&kept, &buffers}, source, first(11), o);
    std::vector<std::vector<double>> batches;
    while (const auto batch = loader_of_kept.next()) {
      CHECK(batch->volumes.size() == (augmented ? 1 : batch->subjects.size()));
      batches.push_back(numbers_of(*batch, device));
    }
    CHECK(batches == expected);
    CHECK((device.uploads == 0) == !augmented);  // augmented volumes differ from the kept ones
    CHECK(copied == dataset.size() * 12 * 4);
  }
}

TEST_CASE("DeviceLoader: volumes kept in bfloat16 are rounded") {
  const SampleDataset dataset(3);
  VolumeSource source(dataset, Intensity{3, 0.7, 1}, 0);
  RepeatingBackend device;
  const DeviceVolumes kept(device, source, DType::bf16);
  std::vector<float> values(12);
  for (Index subject = 0; subject < 3; ++subject) {
    source.read(subject, values);
    CHECK(kept.volume(subject).shape() == Shape{1, 2, 3, 2, 1});
    for (std::size_t k = 0; k < 12; ++k)
      CHECK(kept.volume(subject).data<bfloat16>()[k].bits == bfloat16(values[k]).bits);
  }
}

TEST_CASE(
    "DeviceLoader: after the first epoch no epoch allocates device memory, even after an epoch that was stopped") {
  const SampleDataset dataset(11);
  VolumeSource source(dataset, Intensity{0, 1, 1}, 0);
  HostBackend host;
  for (const bool late : {false, true}) {
    RepeatingBackend device;
    device.late = late;
    BatchBuffers buffers(device);
    for (Index epoch = 1; epoch <= 3; ++epoch) {
      LoaderOptions o = options();
      o.epoch = epoch;
      Loader loader(source, first(11), o);
      const auto expected = all_batches(loader, host);
      int asked = 0;
      const auto next = [&](DeviceLoader& from) {
        const int before = device.allocations;
        auto batch = from.next();
        asked += device.allocations - before;
        return batch;
      };
      {
        DeviceLoader given_up(device, {.buffers = &buffers}, source, first(11), o);
        CHECK(next(given_up).has_value());
      }
      DeviceLoader uploaded(device, {.buffers = &buffers}, source, first(11), o);
      for (const auto& numbers : expected) CHECK(numbers_of(next(uploaded).value(), device) == numbers);
      CHECK_FALSE(next(uploaded).has_value());
      CHECK(asked == (epoch == 1 ? BatchBuffers::number : 0));
    }
  }
}

TEST_CASE("DeviceLoader: a loader that is destroyed during an epoch ends, and a map that cannot be read is an error") {
  const SampleDataset dataset(11);
  VolumeSource source(dataset, std::nullopt, 0);
  RepeatingBackend device;
  BatchBuffers buffers(device);
  {
    DeviceLoader loader(device, {.buffers = &buffers}, source, first(11), options());
    CHECK(loader.next().has_value());
  }
  const auto fails = [](const Key&, std::span<float>) { fail(ErrorKind::data, "sub-07", "unreadable", "Fix it."); };
  DeviceLoader loader(device, {.buffers = &buffers}, source, first(11), options(fails));
  check_fails([&] { loader.next(); }, ErrorKind::data, {"sub-07"});
}
