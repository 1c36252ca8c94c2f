// SPDX-License-Identifier: Apache-2.0
// Intensity normalisation: the voxels that count, the maps that are read, and the voxels that stay zero.
#include "data/normalise.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "data/loader.h"
#include "tests/data/sample_dataset.h"
#include "tests/support/thrown.h"

using namespace cg;
using namespace cg::test;

namespace {

/// Mean and population SD of the non-zero voxels of some subjects together.
Intensity direct(const Dataset& dataset, const std::vector<Index>& subjects) {
  std::vector<double> all;
  for (const Index i : subjects)
    for (const float v : dataset.volume(i).values)
      if (v != 0) all.push_back(static_cast<double>(v));
  double sum = 0, squares = 0;
  for (const double v : all) sum += v;
  const double mean = sum / static_cast<double>(all.size());
  for (const double v : all) squares += (v - mean) * (v - mean);
  return {mean, std::sqrt(squares / static_cast<double>(all.size())), static_cast<double>(all.size())};
}

}  // namespace

TEST_CASE("intensity: voxels without data do not count") {
  const Intensity found = intensity(std::vector<float>{0, 1, 0, 3, -1, 0});
  CHECK(found.count == 3);
  CHECK(found.mean == doctest::Approx(1));
  CHECK(found.sd == doctest::Approx(std::sqrt(8.0 / 3)));
}

TEST_CASE("intensity: that of several maps is the intensity of all their voxels together") {
  const SampleDataset dataset(9);
  const std::vector<Index> subjects = {7, 0, 3, 8};
  const Intensity found = intensity(dataset, subjects), expected = direct(dataset, subjects);
  CHECK(found.count == expected.count);
  CHECK(found.mean == doctest::Approx(expected.mean).epsilon(1e-14));
  CHECK(found.sd == doctest::Approx(expected.sd).epsilon(1e-14));
}

TEST_CASE("intensity: for the training part, test maps are never read") {
  SampleDataset dataset(6);
  dataset.broken = 4;  // reading it would throw
  const std::vector<Index> train = {0, 1, 2, 3, 5};
  const Intensity found = intensity(dataset, train);
  CHECK(dataset.reads == 5);
  CHECK(found.mean == doctest::Approx(direct(dataset, train).mean));
}

TEST_CASE("intensity: is exact for large values that are close together") {
  std::vector<float> values;
  for (int k = 0; k < 1000; ++k) values.push_back(10000.0f + static_cast<float>(k % 2));
  CHECK(intensity(values).sd == doctest::Approx(0.5).epsilon(1e-12));
}

TEST_CASE("intensity: maps with only equal data are a data error") {
  SampleDataset dataset(1);
  dataset.flat = 0;
  const std::vector<Index> only = {0};
  check_fails([&] { intensity(dataset, only); }, ErrorKind::data, {"equal"});
}

TEST_CASE("normalise: the data get mean 0 and SD 1, zero stays zero") {
  std::vector<float> values = {0, 2, 4, 0, 6, 8};
  normalise(values, intensity(values));
  CHECK(values[0] == 0);
  CHECK(values[3] == 0);
  const std::vector<float> data = {values[1], values[2], values[4], values[5]};
  CHECK(intensity(data).mean == doctest::Approx(0));
  CHECK(intensity(data).sd == doctest::Approx(1).epsilon(1e-6));  // float32
}

TEST_CASE("VolumeSource: without a common intensity each map has its own mean 0 and SD 1") {
  const SampleDataset dataset(3);
  VolumeSource source(dataset, std::nullopt, 0);
  std::vector<float> a(12), b(12);
  source.read(0, a);
  source.read(2, b);
  CHECK(intensity(a).mean == doctest::Approx(0));
  CHECK(intensity(a).sd == doctest::Approx(1).epsilon(1e-6));
  CHECK(a[0] == 0);
  for (std::size_t k = 0; k < a.size(); ++k)
    CHECK(a[k] == doctest::Approx(b[k]).epsilon(1e-5));  // shifted in the same way
}

TEST_CASE("VolumeSource: a map that cannot be scaled by its own intensity is a data error that names the subject") {
  SampleDataset dataset(3);
  dataset.flat = 1;
  VolumeSource own(dataset, std::nullopt, 0), common(dataset, Intensity{3, 2, 1}, 0);
  std::vector<float> into(12);
  check_fails([&] { own.read(1, into); }, ErrorKind::data, {"sample-1", "equal"});
  common.read(1, into);
  CHECK(std::all_of(into.begin(), into.end(), [](float v) { return v == 0; }));
}

TEST_CASE("VolumeSource: kept maps are equal to maps that are read again, and the budget is respected") {
  const SampleDataset kept(4), few(4), none(4);
  const Intensity by{5, 2, 1};
  VolumeSource all(kept, by, 1 << 20), two(few, by, 2 * 12 * 4 + 47), never(none, by, 0);
  for (int pass = 0; pass < 2; ++pass)
    for (Index i = 0; i < 4; ++i) {
      std::vector<float> a(12), b(12), c(12);
      all.read(i, a);
      two.read(i, b);
      never.read(i, c);
      CHECK(a == c);
      CHECK(b == c);
    }
  CHECK(kept.reads == 4);
  CHECK(few.reads == 2 + 2 * 2);
  CHECK(none.reads == 8);
}
