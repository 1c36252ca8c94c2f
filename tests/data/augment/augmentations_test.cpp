// SPDX-License-Identifier: Apache-2.0
#include "data/augment/augmentations.h"

#include <doctest/doctest.h>
#include <omp.h>

#include <algorithm>
#include <set>

#include "tensor/parallel.h"
#include "tests/data/augment/sample_volume.h"
#include "tests/support/thrown.h"

using namespace cg;
using namespace cg::test;

namespace {

const VoxelGrid grid{{9, 11, 10}, 4};

/// Options that fit the small grid; all volumes are changed.
AugmentOptions always(std::vector<std::string> names) {
  AugmentOptions o;
  o.apply = std::move(names);
  o.cutout.edge_mm = 12;
  o.crop.edge_mm = 28;
  o.cutout.probability = o.flip.probability = 1;
  return o;
}

std::vector<float> augmented(const Augment& augment, const Key& key) {
  std::vector<float> volume = numbered(grid);
  augment(key, volume);
  return volume;
}

}  // namespace

TEST_CASE(
    "Augmentations: each is a pure function of its key, with the same bits for any number of threads and any order") {
  std::vector<std::vector<std::string>> lists = {augmentation_names()};
  for (const std::string& name : augmentation_names()) lists.push_back({name});
  for (const auto& names : lists) {
    CAPTURE(names[0]);
    const Augment augment = make_augment(always(names), grid);
    const auto key = [](std::size_t k) {
      return Key{.seed = 7,
                 .epoch = 3,
                 .sample = static_cast<std::uint32_t>(k / 2),
                 .view = static_cast<std::uint32_t>(k % 2)};
    };
    std::vector<std::vector<float>> in_order(24), on_threads(24), backwards(24);
    for (std::size_t k = 0; k < 24; ++k) in_order[k] = augmented(augment, key(k));
    for (std::size_t k = 24; k-- > 0;) backwards[k] = augmented(augment, key(k));
    RegionErrors errors;
#pragma omp parallel for num_threads(4) schedule(dynamic)
    for (std::size_t k = 0; k < 24; ++k) errors.guard([&] { on_threads[k] = augmented(augment, key(k)); });
    errors.rethrow();
    CHECK(backwards == in_order);
    CHECK(on_threads == in_order);
  }
}

TEST_CASE("Augmentations: seed, epoch, sample and view each change the volume; the key's use does not") {
  for (const char* name : {"cutout", "noise", "rotation"}) {  // their draws are almost never equal
    CAPTURE(name);
    const Augment augment = make_augment(always({name}), {{60, 60, 60}, 4});
    const auto result = [&](const Key& key) {
      std::vector<float> volume = numbered({{60, 60, 60}, 4});
      augment(key, volume);
      return volume;
    };
    const Key key{.seed = 1, .epoch = 2, .sample = 3, .view = 0};
    const std::vector<float> first = result(key);
    for (const Key& other :
         {Key{.seed = 2, .epoch = 2, .sample = 3}, Key{.seed = 1, .epoch = 3, .sample = 3},
          Key{.seed = 1, .epoch = 2, .sample = 4}, Key{.seed = 1, .epoch = 2, .sample = 3, .view = 1}})
      CHECK(result(other) != first);
    Key same = key;
    same.use = Use::queue;
    CHECK(result(same) == first);
  }
}

TEST_CASE("Augmentations: the draws of two augmentations are independent") {
  std::set<Use> uses = {Cutout::use, Noise::use, Flip::use, Rotation::use, Crop::use};
  CHECK(uses.size() == augmentation_names().size());
  AugmentOptions o = always({"cutout", "flip"});
  o.cutout.probability = o.flip.probability = 0.5;
  int both = 0;
  for (std::uint32_t sample = 0; sample < 2000; ++sample) {
    const std::vector<float> volume = augmented(make_augment(o, grid), {.seed = 5, .sample = sample});
    const bool cut = std::count(volume.begin(), volume.end(), 0.0f) > 0;
    const bool flipped = *std::max_element(volume.begin(), volume.begin() + 110) > 110;
    both += cut && flipped;
  }
  CHECK(std::abs(both / 2000.0 - 0.25) < 0.04);  // independent; four standard errors
}

TEST_CASE("Augmentations: a list is applied in the given order") {
  const Key key{.seed = 2};
  const auto volume = augmented(make_augment(always({"cutout", "noise"}), grid), key);
  const auto other = augmented(make_augment(always({"noise", "cutout"}), grid), key);
  CHECK(std::count(volume.begin(), volume.end(), 0.0f) == 0);  // the hole has noise too
  CHECK(std::count(other.begin(), other.end(), 0.0f) == 27);
}

TEST_CASE("Augmentations: an empty list gives an empty function, an unknown name an error") {
  CHECK_FALSE(make_augment(AugmentOptions(), grid));
  check_fails(
      [] {
        make_augment(always({"flip", "blur"}), grid);
      },
      ErrorKind::usage, {"data.augment.apply", "blur", "cutout, noise, flip, rotation, crop"});
}

TEST_CASE("Augmentations: each has its options in the table, including a probability") {
  std::set<std::string> keys;
  for (const auto& field : augment_fields()) keys.insert(field.key);
  CHECK(keys.contains("apply"));
  for (const std::string& name : augmentation_names()) CHECK(keys.contains(name + ".probability"));
}
