// SPDX-License-Identifier: Apache-2.0
// Maps of embeddings: UMAP keeps two clusters apart and neighbours together, and gives the same bits for the same
// seed; PCA finds the directions of known points. Without UMAP its cases are skipped.
#include <doctest/doctest.h>

#include <cmath>
#include <random>

#include "experiments/report/embedding_section.h"
#include "experiments/report/principal_components.h"
#include "experiments/report/umap.h"
#include "tensor/error.h"

using namespace cg;

namespace {

/// Two clusters of points with 12 coordinates; the even rows are those of the first.
std::vector<double> two_clusters(std::size_t n) {
  std::mt19937 engine(3);
  std::normal_distribution<double> normal;
  std::vector<double> out;
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t k = 0; k < 12; ++k) out.push_back(normal(engine) + (i % 2 == 0 ? 0 : 12));
  return out;
}

double distance(const std::vector<double>& places, std::size_t a, std::size_t b) {
  return std::hypot(places[2 * a] - places[2 * b], places[2 * a + 1] - places[2 * b + 1]);
}

bool umap_or_skip() {
  if (!has_umap()) MESSAGE("[skipped: built without UMAP. Run tools/install_dependencies.sh and build again]");
  return has_umap();
}

}  // namespace

TEST_CASE("UMAP: two separated clusters stay apart, and the nearest point is of the same cluster") {
  if (!umap_or_skip()) return;
  constexpr std::size_t n = 80;
  const std::vector<double> places = umap(two_clusters(n), 12, {});
  REQUIRE(places.size() == 2 * n);
  for (std::size_t i = 0; i < n; ++i) {
    double same = INFINITY, other = INFINITY;
    for (std::size_t k = 0; k < n; ++k)
      if (k != i) (k % 2 == i % 2 ? same : other) = std::min(k % 2 == i % 2 ? same : other, distance(places, i, k));
    CHECK(same < other);
  }
}

TEST_CASE("UMAP: the same seed gives the same bits, another seed another map") {
  if (!umap_or_skip()) return;
  const std::vector<double> points = two_clusters(60);
  CHECK(umap(points, 12, {.seed = 5}) == umap(points, 12, {.seed = 5}));
  CHECK(umap(points, 12, {.seed = 5}) != umap(points, 12, {.seed = 6}));
}

TEST_CASE("UMAP: fewer points than neighbours are a map too") {
  if (!umap_or_skip()) return;
  for (const double place : umap(two_clusters(5), 12, {})) CHECK(std::isfinite(place));
}

TEST_CASE("PCA: the first axis is that of the largest variance; signs are fixed") {
  std::vector<double> points;
  for (int k = -5; k <= 5; ++k) {  // along (2, −1)/√5, and a little across
    const double across = k % 2 == 0 ? 0.1 : -0.1;
    points.insert(points.end(), {7 + 2.0 * k + across, 3 - 1.0 * k + 2 * across});
  }
  const PrincipalComponents pca = principal_components(points, 2);
  CHECK(pca.shares[0] > 0.99);
  CHECK(pca.shares[0] + pca.shares[1] == doctest::Approx(1));
  CHECK(pca.places[0] == doctest::Approx(-5 * std::sqrt(5.0)).epsilon(0.02));
  CHECK(pca.places[20] == doctest::Approx(5 * std::sqrt(5.0)).epsilon(0.02));
  double sum = 0;
  for (std::size_t i = 0; i < 11; ++i) sum += pca.places[2 * i];
  CHECK(sum == doctest::Approx(0).epsilon(1e-9));
}

TEST_CASE("maps: the age difference to the nearest point is small if the map is ordered by age") {
  const std::vector<Point> line = {{0, 0}, {1, 0}, {2.1, 0}, {3.3, 0}};
  CHECK(neighbour_age_difference(line, {20, 30, 40, 50}) == doctest::Approx(10));
  CHECK(neighbour_age_difference(line, {20, 60, 20, 60}) == doctest::Approx(40));
}
