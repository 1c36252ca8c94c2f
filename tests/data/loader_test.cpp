// SPDX-License-Identifier: Apache-2.0
// Batches: each subject once, an order that depends only on keys, and a thread that always ends correctly.
#include "data/loader.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <numeric>
#include <set>
#include <stdexcept>
#include <thread>

#include "data/augment/augmentations.h"
#include "tests/data/sample_dataset.h"
#include "tests/support/thrown.h"

using namespace cg;
using namespace cg::test;

namespace {

const Intensity unscaled{0, 1, 1};  // maps unchanged

std::vector<Index> first(Index n) {
  std::vector<Index> out(static_cast<std::size_t>(n));
  std::iota(out.begin(), out.end(), Index{0});
  return out;
}

/// All batches of an epoch.
std::vector<Batch> epoch(const Dataset& dataset, const LoaderOptions& options) {
  VolumeSource source(dataset, unscaled, 0);
  Loader loader(source, first(dataset.size()), options);
  std::vector<Batch> out;
  while (auto batch = loader.next()) out.push_back(std::move(*batch));
  return out;
}

std::vector<Index> order(const std::vector<Batch>& batches) {
  std::vector<Index> out;
  for (const Batch& batch : batches) out.insert(out.end(), batch.subjects.begin(), batch.subjects.end());
  return out;
}

LoaderOptions shuffled(std::uint64_t seed, Index epoch, Index prefetch = 2) {
  return {.batch_size = 4, .seed = seed, .epoch = epoch, .augment = {}, .prefetch = prefetch};
}

}  // namespace

TEST_CASE("Loader: an epoch has each subject once, with its age and its map, and a smaller last batch") {
  const SampleDataset dataset(11);
  const auto batches = epoch(dataset, shuffled(3, 1));
  REQUIRE(batches.size() == 3);
  CHECK(batches[2].subjects.size() == 3);
  for (const Batch& batch : batches) {
    const auto b = static_cast<Index>(batch.subjects.size());
    CHECK(batch.volumes.at(0).shape() == Shape{b, 2, 3, 2, 1});
    REQUIRE(batch.ages.size() == batch.subjects.size());
    const auto values = batch.volumes.at(0).data<float>();
    for (std::size_t k = 0; k < batch.subjects.size(); ++k) {
      CHECK(batch.ages[k] == 20.0 + static_cast<double>(batch.subjects[k]));
      CHECK(std::ranges::equal(values.subspan(k * 12, 12), dataset.volume(batch.subjects[k]).values));
    }
  }
  auto seen = order(batches);
  CHECK(seen != first(11));
  std::sort(seen.begin(), seen.end());
  CHECK(seen == first(11));
}

TEST_CASE("Loader: the order depends on seed and epoch, not on the number of batches prepared in advance") {
  const SampleDataset dataset(50);
  const auto expected = order(epoch(dataset, shuffled(3, 1)));
  for (const Index prefetch : {0, 1, 7, 100}) CHECK(order(epoch(dataset, shuffled(3, 1, prefetch))) == expected);
  CHECK(order(epoch(dataset, shuffled(3, 2))) != expected);
  CHECK(order(epoch(dataset, shuffled(4, 1))) != expected);
}

TEST_CASE("Loader: without shuffling the order of the subjects is kept, including repeats") {
  const SampleDataset dataset(5);
  VolumeSource source(dataset, unscaled, 0);
  Loader loader(source, {4, 1, 1, 3}, {.batch_size = 3, .shuffle = false, .augment = {}});
  CHECK(loader.next()->subjects == std::vector<Index>{4, 1, 1});
  CHECK(loader.next()->subjects == std::vector<Index>{3});
  CHECK_FALSE(loader.next());
  CHECK_FALSE(loader.next());
}

TEST_CASE("Loader: a continued epoch has only the remaining batches, and reads no other maps") {
  const SampleDataset dataset(11);
  const auto all = epoch(dataset, shuffled(3, 1));
  for (const Index done : {0, 1, 2, 3, 4}) {
    CAPTURE(done);
    const int before = dataset.reads;
    LoaderOptions options = shuffled(3, 1);
    options.first_batch = done;
    const auto left = epoch(dataset, options);
    REQUIRE(left.size() == static_cast<std::size_t>(std::max<Index>(3 - done, 0)));
    int subjects = 0;
    for (std::size_t k = 0; k < left.size(); ++k) {
      const Batch& expected = all[static_cast<std::size_t>(done) + k];
      CHECK(left[k].subjects == expected.subjects);
      CHECK(std::ranges::equal(left[k].volumes.at(0).data<float>(), expected.volumes.at(0).data<float>()));
      subjects += static_cast<int>(expected.subjects.size());
    }
    CHECK(dataset.reads - before == subjects);
  }
}

TEST_CASE("Loader: augmented views differ, and are the same for any prefetching, threads and first batch") {
  const SampleDataset dataset(11);
  AugmentOptions noise;
  noise.apply = {"noise"};
  LoaderOptions options = shuffled(3, 1);
  options.views = 2;
  options.augment = make_augment(noise, {{2, 3, 2}, 2});
  const auto all = epoch(dataset, options);
  REQUIRE(all.size() == 3);
  const auto values = all[1].volumes[0].data<float>();
  CHECK_FALSE(std::ranges::equal(values.first(4 * 12), values.subspan(4 * 12)));
  options.prefetch = 0;
  options.first_batch = 1;
  const auto left = epoch(dataset, options);
  REQUIRE(left.size() == 2);
  for (std::size_t k = 0; k < 2; ++k)
    CHECK(std::ranges::equal(left[k].volumes[0].data<float>(), all[k + 1].volumes[0].data<float>()));
  options.first_batch = 0;
  for (const Index threads : {2, 3, 50}) {
    options.threads = threads;
    const auto shared = epoch(dataset, options);
    for (std::size_t k = 0; k < 3; ++k)
      CHECK(std::ranges::equal(shared[k].volumes[0].data<float>(), all[k].volumes[0].data<float>()));
  }
}

TEST_CASE(
    "Loader: each volume is augmented once, on the given number of threads, and an error of a thread is rethrown") {
  const SampleDataset dataset(6);
  LoaderOptions options = shuffled(3, 1);
  options.batch_size = 6;
  options.views = 2;
  options.threads = 3;
  std::mutex mutex;
  std::condition_variable changed;
  std::multiset<std::pair<std::uint32_t, std::uint32_t>> seen;
  std::set<std::thread::id> on;
  options.augment = [&](const Key& key, std::span<float>) {
    std::unique_lock lock(mutex);
    seen.insert({key.sample, key.view});
    on.insert(std::this_thread::get_id());
    changed.notify_all();
    changed.wait_for(lock, std::chrono::seconds(20), [&] { return on.size() == 3; });
  };
  CHECK(epoch(dataset, options).size() == 1);
  CHECK(seen.size() == 12);
  CHECK(std::set(seen.begin(), seen.end()).size() == 12);
  CHECK(on.size() == 3);
  options.augment = [](const Key& key, std::span<float>) {
    if (key.sample == 4) throw std::runtime_error("of subject 4");
  };
  CHECK_THROWS_WITH(epoch(dataset, options), "of subject 4");
}

TEST_CASE("Loader: batch sizes are known in advance") {
  CHECK(Loader::batch_sizes(11, 4) == std::vector<Index>{4, 4, 3});
  CHECK(Loader::batch_sizes(8, 4) == std::vector<Index>{4, 4});
  CHECK(Loader::batch_sizes(3, 4) == std::vector<Index>{3});
  CHECK(Loader::batch_sizes(0, 4).empty());
}

TEST_CASE("Loader: no subjects give no batch") {
  const SampleDataset dataset(2);
  VolumeSource source(dataset, unscaled, 0);
  Loader loader(source, {}, shuffled(1, 1));
  CHECK_FALSE(loader.next());
}

TEST_CASE(
    "Loader: views are augmented separately, by keys with epoch and subject, and follow one another in the batch") {
  constexpr Index n = 11;
  const SampleDataset dataset(n);
  LoaderOptions options = shuffled(5, 2);
  options.batch_size = n;
  options.views = 2;
  options.augment = [](const Key& key, std::span<float> values) {
    CHECK(values.size() == 12);
    values[0] = 1000.0f * static_cast<float>(key.view) + 100.0f * static_cast<float>(key.epoch) +
                static_cast<float>(key.sample) + static_cast<float>(key.seed) / 16;
  };
  const auto batches = epoch(dataset, options);
  REQUIRE(batches.size() == 1);
  CHECK(batches[0].subjects != first(n));  // a place in the batch is not the number of its subject
  CHECK(batches[0].volumes.at(0).shape() == Shape{2 * n, 2, 3, 2, 1});
  CHECK(batches[0].ages.size() == n);
  const auto values = batches[0].volumes.at(0).data<float>();
  for (std::size_t row = 0; row < 2 * n; ++row) {
    const float subject = static_cast<float>(batches[0].subjects[row % n]);
    CHECK(values[row * 12] == 1000.0f * static_cast<float>(row / n) + 200 + subject + 5.0f / 16);
    CHECK(values[row * 12 + 1] == 2 + subject);
  }
}

TEST_CASE("Loader: an error on its thread is rethrown after the batches before it, on each call") {
  SampleDataset dataset(12);
  dataset.broken = 6;
  VolumeSource source(dataset, unscaled, 0);
  Loader loader(source, first(12), {.batch_size = 4, .shuffle = false, .augment = {}});
  CHECK(loader.next()->subjects == std::vector<Index>{0, 1, 2, 3});
  for (int again = 0; again < 2; ++again) check_fails([&] { loader.next(); }, ErrorKind::data, {"subject 6 is broken"});
}

TEST_CASE("Loader: it can be destroyed at any time, and reads only the batches that it prepares") {
  for (const int taken : {0, 1, 3}) {
    const SampleDataset dataset(400);
    {
      VolumeSource source(dataset, unscaled, 0);
      Loader loader(source, first(400), shuffled(1, 1));
      for (int k = 0; k < taken; ++k) CHECK(loader.next().has_value());
    }
    CHECK(dataset.reads <= 4 * (taken + 2 + 1));  // taken, ready, and the one in preparation
  }
  SampleDataset broken(4);
  broken.broken = 0;
  VolumeSource source(broken, unscaled, 0);
  const Loader never_asked(source, first(4), shuffled(1, 1));
}
