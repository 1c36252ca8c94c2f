// SPDX-License-Identifier: Apache-2.0
// Figure 5 of a report: the training and the epochs that it shows, one map for all epochs, and each subject's colour.
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "data/files/storage.h"
#include "data/formats/hdf5_file.h"
#include "experiments/pages/colour_map.h"
#include "experiments/report/embedding_section.h"
#include "experiments/report/numbers.h"
#include "experiments/report/principal_components.h"
#include "experiments/report/report_page.h"
#include "experiments/report/umap.h"
#include "tensor/random.h"
#include "tests/experiments/report/sample_study.h"

using namespace cg;
using namespace cg::test;

namespace {

namespace fs = std::filesystem;

constexpr Index subjects = 20, width = 3;
const std::vector<Index> epochs = {1, 2, 4};

/// Two studies of one row; each training stored other features in each epoch.
struct Stored {
  fs::path path = fs::temp_directory_path() / fmt::format("cg-embeddings-{}", getpid());
  StudyResults results;
  std::vector<double> ages;
  std::vector<std::vector<double>> points;  ///< of each training: those of all epochs

  Stored() {
    for (Index i = 0; i < subjects; ++i) ages.push_back(20 + static_cast<double>((7 * i) % subjects));
    for (const char* name : {"table3", "fig5_umap"}) add(name);
  }
  ~Stored() { fs::remove_all(path); }

 private:
  void add(const std::string& name) {
    const std::size_t number = points.size();
    StudyResults own = sample_results(name, {{"row", "row of " + name, {{21, 42}}}});
    own.plan.cells[0].study = own.plan.cells[0].training = number;
    own.cells[0].cell = own.plan.cells[0];
    results.plan.studies.push_back(own.plan.studies[0]);
    results.plan.cells.push_back(own.plan.cells[0]);
    results.cells.push_back(own.cells[0]);
    results.rows.push_back(own.rows[0]);
    Training& training = results.plan.trainings.emplace_back();
    training.config.train.epochs = epochs.back();
    training.config.evaluation.embeddings_at = {1, 2};
    training.folder = path / name;
    fs::create_directories(training.folder);
    write(training.folder, number);
  }

  void write(const fs::path& folder, std::size_t number) {
    Random random({.seed = number});
    H5Writer file;
    std::vector<std::string> ids;
    for (Index i = 0; i < subjects; ++i) ids.push_back(fmt::format("s{}", i));
    file.strings("participant_id", ids);
    file.numbers("age", {subjects}, ages);
    file.strings("part", std::vector<std::string>(ids.size(), "test"));
    file.attribute("cohort_sha256", std::string("digest"));
    std::vector<double>& all = points.emplace_back();
    for (const Index epoch : epochs) {
      std::vector<double> of_epoch;
      for (Index k = 0; k < subjects * width; ++k) of_epoch.push_back(static_cast<double>(epoch) * random.normal());
      file.numbers(fmt::format("seed0/epoch{}/projected", epoch), {subjects, width}, of_epoch);
      file.numbers(fmt::format("seed0/epoch{}/encoder", epoch), {subjects, width}, of_epoch);
      all.insert(all.end(), of_epoch.begin(), of_epoch.end());
    }
    write_atomically(folder / "embeddings.h5", file.image());
  }
};

/// Whether the places are those of one map [epochs · subjects, 2], moved, and both axes enlarged equally.
bool is_map(const std::vector<std::vector<Point>>& places, const std::vector<double>& map) {
  const auto at = [&](std::size_t k) { return Point{map[2 * k], map[2 * k + 1]}; };
  const auto n = static_cast<std::size_t>(subjects);
  const Point zero = places[0][0], first = at(0);
  const double scale = (places[0][1][0] - zero[0]) / (at(1)[0] - first[0]);
  bool same = places.size() == epochs.size() && scale > 0;
  for (std::size_t k = 0; k < n * epochs.size(); ++k)
    for (std::size_t axis = 0; axis < 2; ++axis) {
      const double want = zero[axis] + scale * (at(k)[axis] - first[axis]);
      same = same && std::abs(places[k / n][k % n][axis] - want) < 1e-6;
    }
  return same;
}

}  // namespace

TEST_CASE("embeddings: figure 5's own training is shown, with all of its epochs in order, on one map") {
  const Stored stored;
  const Section section = embedding_section(stored.results);
  CHECK(blocks_of<Paragraph>(section).at(0).text.find("row of fig5_umap, seed 0: 20 subjects, 3 epochs") !=
        std::string::npos);
  const std::vector<MovingPoints> maps = blocks_of<MovingPoints>(section);
  REQUIRE(maps.size() == (has_umap() ? 2 : 1));
  const std::vector<double>& points = stored.points[1];
  CHECK(is_map(maps.back().places, principal_components(points, width).places));
  if (has_umap()) CHECK(is_map(maps.front().places, umap(points, width, {})));
  for (const MovingPoints& map : maps) {
    CHECK(map.epochs == epochs);
    for (const std::vector<Point>& epoch : map.places)
      for (const Point& place : epoch)
        for (const double coordinate : place) {
          CHECK(coordinate >= 0);
          CHECK(coordinate <= 1);
        }
  }
}

TEST_CASE("embeddings: a dot has the colour and the title of its own subject, in the figure, too") {
  const Stored stored;
  const Section section = embedding_section(stored.results);
  const std::vector<Figure> figures = blocks_of<Figure>(section);
  const MovingPoints map = blocks_of<MovingPoints>(section).back();
  REQUIRE(map.colours.size() == stored.ages.size());
  for (std::size_t i = 0; i < map.colours.size(); ++i) {
    CHECK(map.colours[i] == viridis((stored.ages[i] - 20) / 19));
    CHECK(map.titles[i] == fmt::format("s{}: {:.1f} years", i, stored.ages[i]));
  }
  std::vector<Disc> dots;
  for (const Shape2d& shape : figures.back().picture.shapes)
    if (const auto* disc = std::get_if<Disc>(&shape)) dots.push_back(*disc);
  const auto n = static_cast<std::size_t>(subjects);
  REQUIRE(dots.size() == n * epochs.size());
  for (std::size_t k = 0; k < dots.size(); ++k) {
    CHECK(dots[k].fill->colour == map.colours[k % n]);
    const Point own = map.places[k / n][k % n], first = map.places[k / n][0], at = dots[k].at,
                zero = dots[k - k % n].at;
    CHECK((at[0] - zero[0]) * (own[0] - first[0]) >= 0);  // y downwards
    CHECK((at[1] - zero[1]) * (own[1] - first[1]) <= 0);
  }
  const std::vector<TableRow>& numbers = figures.back().numbers.rows;
  REQUIRE(numbers.size() == epochs.size());
  for (std::size_t e = 0; e < epochs.size(); ++e) {
    CHECK(numbers[e].cells[0] == std::to_string(epochs[e]));
    CHECK(numbers[e].cells[1] == fixed(neighbour_age_difference(map.places[e], stored.ages), 2));
  }
}

TEST_CASE("embeddings: the page moves each point to its place of the epoch, under its own title") {
  Report report{.title = "r", .subtitle = ""};
  const Colour red = {255, 0, 0}, blue = {0, 0, 255};
  report.sections.push_back(
      {"maps",
       "Maps",
       {MovingPoints{{3, 9}, {{{0, 0}, {1, 1}}, {{0.5, 0.25}, {0, 1}}}, {red, blue}, {"first", "second"}, "title"}}});
  const std::string page = report_page(report);
  const auto after = [&](const std::string& words) {
    const std::size_t at = page.find(words);
    REQUIRE(at != std::string::npos);
    return page.substr(at + words.size(), page.find('"', at + words.size()) - at - words.size());
  };
  CHECK(after("data-epochs=\"") == "[3,9]");
  std::vector<double> places;  // of both epochs, x and y downwards
  std::string text = after("data-places=\"");
  std::ranges::replace_if(
      text, [](char c) { return c == '[' || c == ']' || c == ','; }, ' ');
  for (char* at = text.data();;) {
    char* end = nullptr;
    const double value = std::strtod(at, &end);
    if (end == at) break;
    places.push_back(value);
    at = end;
  }
  REQUIRE(places.size() == 8);
  const double low = places[0], side = places[2] - places[0];  // from 0 to 1
  const auto share = [&](std::size_t k) { return (places[k] - low) / side; };
  const double want[] = {0, 1, 1, 0, 0.5, 0.75, 0, 0};
  for (std::size_t k = 0; k < 8; ++k) CHECK(share(k) == doctest::Approx(want[k]).epsilon(0.01));
  const std::size_t first = page.find("#ff0000"), second = page.find("#0000ff");
  REQUIRE(page.find(">second<") != std::string::npos);
  CHECK(first < page.find(">first<"));
  CHECK(page.find(">first<") < second);
  CHECK(second < page.find(">second<"));
}
