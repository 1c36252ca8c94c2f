// SPDX-License-Identifier: Apache-2.0
#include "experiments/teaching/loss_page.h"

#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <nlohmann/json.hpp>

#include "experiments/teaching/age_order.h"
#include "experiments/teaching/descent.h"
#include "experiments/teaching/loss_example.h"
#include "losses/dynlocrep.h"
#include "losses/explanation.h"
#include "losses/registry.h"
#include "tests/support/well_formed.h"

using namespace cg;
using namespace cg::test;

namespace {

/// A grid small enough to be looked through.
PageGrid small_grid() {
  PageGrid grid;
  grid.subject_ages = {20, 24, 70};
  grid.epochs = {1, 3, 5};
  grid.sigmas = {5};
  grid.temperatures = {1, 3};
  grid.far_decays = {0, std::numeric_limits<double>::infinity()};
  return grid;
}

/// The page's data as its script reads them.
class Reader {
 public:
  explicit Reader(const std::string& text) : data(nlohmann::json::parse(text)), numbers_(data["numbers"]) {}

  /// The list of one part of a scene; empty where there is none.
  std::vector<double> list(const std::string& geometry, const std::string& mode, const std::string& key,
                           std::size_t stop, const std::string& part) const {
    const auto& parts = data["parts"];
    const auto at = static_cast<std::size_t>(std::find(parts.begin(), parts.end(), part) - parts.begin());
    REQUIRE(at < parts.size());
    const int place = data["scenes"][geometry][mode].at(key).at(stop).at(at);
    if (place < 0) return {};
    const auto& starts = data["starts"];
    const auto k = static_cast<std::size_t>(place);
    const std::size_t from = starts.at(k),
                      to = k + 1 < starts.size() ? starts[k + 1].get<std::size_t>() : numbers_.size() / 4;
    std::vector<double> out;
    for (std::size_t n = from; n < to; ++n) out.push_back(number(numbers_.substr(4 * n, 4)));
    return out;
  }

  nlohmann::json data;

 private:
  static double number(const std::string& digits) {
    std::uint64_t bits = 0;
    for (const char c : digits) {
      const auto found = std::string("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/").find(c);
      REQUIRE(found != std::string::npos);
      bits = bits << 6 | found;
    }
    return std::bit_cast<double>(bits << 40);
  }
  std::string numbers_;
};

void check_list(const std::vector<double>& got, const std::vector<double>& want) {
  REQUIRE(got.size() == want.size());
  for (std::size_t k = 0; k < got.size(); ++k)
    CHECK(std::abs(got[k] - want[k]) <= std::ldexp(std::abs(want[k]), -13));  // half of the last of 12 bits
}

std::vector<double> numbers(const Array& a) { return {a.data(), a.data() + a.size()}; }

LossCase start(const PageGrid& grid, const std::string& loss, Index width) {
  LossOptions options{.name = loss, .shared = {.sigma = 5, .distance = Distance::euclidean}};
  options.own.of<DynLocRep>().final_neighbours = grid.final_neighbours;
  LossCase c = make_example(options, grid.subject_ages, grid.arrangement(width));
  c.max_epochs = grid.epochs.back();
  return c;
}

const PageSource source{"<html><style>@STYLE@</style><script>@DATA@</script><script>@SCRIPT@</script></html>", "css",
                        "script"};

}  // namespace

TEST_CASE("Loss page: its numbers are the engine's, for every loss, still and moving") {
  const PageGrid grid = small_grid();
  const Reader page(loss_page_data(grid));
  for (const std::string& name : loss_names()) {
    CAPTURE(name);
    const std::string key = name + "/published/0/0/" + (loss_info(name).selects ? "1" : "0");
    LossCase c = start(grid, name, 3);
    const std::vector<LossCase> frames = descend(c, grid.epochs);
    for (std::size_t stop = 0; stop < 3; ++stop) {
      c.epoch = grid.epochs[stop];
      for (const auto& [mode, now] : {std::pair{"still", c}, {"moving", frames[stop]}}) {
        CAPTURE(mode);
        const Explanation e = make_loss(now.options)->explain(now.input());
        check_list(page.list("sphere", mode, key, stop, "z"), now.z);
        check_list(page.list("sphere", mode, key, stop, "s"), numbers(e.s));
        check_list(page.list("sphere", mode, key, stop, "w"), numbers(e.w));
        check_list(page.list("sphere", mode, key, stop, "nu"), numbers(e.nu));
        check_list(page.list("sphere", mode, key, stop, "pull"), numbers(e.pull));
        check_list(page.list("sphere", mode, key, stop, "push"), numbers(e.push));
        CHECK(page.list("sphere", mode, key, stop, "sums").back() == doctest::Approx(e.result.value).epsilon(2e-4));
        check_list(page.list("sphere", mode, key, stop, "c"), numbers(e.c));
        check_list(page.list("sphere", mode, key, stop, "terms"), numbers(e.pull * (e.denominator - e.s)));
        check_list(page.list("sphere", mode, key, stop, "shift"), numbers(e.shift));
        check_list(page.list("sphere", mode, key, stop, "q"), numbers(e.q));
        CHECK(page.list("sphere", mode, key, stop, "forces").size() == now.z.size());
        const std::vector<double> order = page.list("sphere", mode, key, stop, "order");
        REQUIRE(order.size() == 3);
        CHECK(std::isnan(order[1]));  // one old subject
        check_list({order[2]}, {order_by_age(now, 0, 100)});
        CHECK(page.list("sphere", mode, key, stop, "queue").empty() == (e.q.size() == 0));
      }
    }
  }
}

TEST_CASE("Loss page: neighbourhoods shrink as epochs pass, and lambda = 0 repels all rows") {
  const Reader page(loss_page_data(small_grid()));
  double before = 7;
  for (std::size_t stop = 0; stop < 3; ++stop) {
    const double now = page.list("circle", "still", "dynlocrep/printed/0/0/1", stop, "edges").back();
    CHECK(now <= before);
    before = now;
    const std::vector<double> nu = page.list("circle", "still", "dynlocrep/printed/0/0/0", stop, "nu");
    CHECK(std::count(nu.begin(), nu.end(), 1.0) == 30);  // all but the six anchors themselves
  }
  CHECK(before == 4);  // two of three subjects, in two views
}

TEST_CASE("Loss page: every combination that its controls can name is there") {
  const Reader page(loss_page_data(small_grid()));
  for (const auto& geometry : {"circle", "sphere"})
    for (const auto& mode : {"still", "moving"}) {
      const auto& scenes = page.data["scenes"][geometry][mode];
      for (const auto& loss : page.data["losses"])
        for (const std::string formulation : {"printed", "published"})
          for (const int temperature : {0, 1})
            for (const int far : {0, 1}) {
              if (formulation == "printed" && !loss["two"].get<bool>()) continue;
              const std::string key = loss["name"].get<std::string>() + "/" + formulation + "/0/" +
                                      std::to_string(temperature) + "/" +
                                      std::to_string(loss["selects"].get<bool>() ? far : 0);
              REQUIRE_MESSAGE(scenes.contains(key), key);
              CHECK(scenes[key].size() == 3);
            }
    }
}

TEST_CASE("Loss page: parts stand where they belong, and nothing of the data ends the script element") {
  const std::string page = loss_page(source, small_grid());
  CHECK(page.starts_with("<html><style>css</style><script>{"));
  CHECK(page.ends_with("}</script><script>script</script></html>"));
  CHECK(malformed(page) == "");
}

TEST_CASE("Descent: the force leaves the sphere's rows on it, and every loss's value falls") {
  for (const std::string& name : loss_names()) {
    CAPTURE(name);
    const PageGrid grid = small_grid();
    const std::vector<Index> epochs = {1, 2, 30};
    LossCase c = start(grid, name, 3);
    c.max_epochs = 30;
    // What is summed changes with the neighbours and the queue; the neighbours are held for this comparison.
    c.neighbours = loss_info(name).selects ? 6 : 0;
    const std::vector<LossCase> frames = descend(c, epochs);
    REQUIRE(frames.size() == 3);
    CHECK(frames[0].z == c.z);
    const auto value = [](const LossCase& f) { return make_loss(f.options)->evaluate(f.input()).value; };
    if (make_loss(c.options)->queue_size() == 0) CHECK(value(frames[2]) < value(frames[0]));
    for (const LossCase& f : frames)
      for (std::size_t k = 0; k < f.z.size(); k += 3)
        CHECK(std::hypot(f.z[k], f.z[k + 1], f.z[k + 2]) == doctest::Approx(1).epsilon(1e-12));
    CHECK(frames[2].queue.size() == c.queue.size());
  }
}

TEST_CASE("Descent: no force, no movement") {
  const PageGrid grid = small_grid();
  LossCase c = start(grid, "sup_con", 2);
  c.views = 1;
  c.ages = {20, 31, 42, 53, 64, 75};  // no row has a positive
  const std::vector<Index> epochs = {1, 5};
  const std::vector<LossCase> frames = descend(c, epochs);
  for (std::size_t k = 0; k < c.z.size(); ++k) CHECK(frames[1].z[k] == doctest::Approx(c.z[k]).epsilon(1e-14));
}

TEST_CASE("Tangential: what points along the row is taken away, the rest stays") {
  Array z(2, 2), force(2, 2);
  z << 1, 0, 0.6, 0.8;
  force << 3, 4, 0.6, 0.8;
  const Array along = tangential(force, z);
  CHECK(along(0, 0) == 0);
  CHECK(along(0, 1) == 4);
  CHECK(along.row(1).abs().maxCoeff() < 1e-15);
}
