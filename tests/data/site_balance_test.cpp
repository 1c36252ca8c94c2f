#include "data/site_balance.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <set>

using namespace cg;

namespace {

struct Made {
  std::vector<Index> subjects;
  std::vector<std::string> sites;
  std::map<Index, std::string> site_of;
  /// So many subjects of site "0", "1", …; numbers as of a part of a cohort.
  explicit Made(const std::vector<Index>& sizes) {
    for (std::size_t s = 0; s < sizes.size(); ++s)
      for (Index i = 0; i < sizes[s]; ++i) {
        subjects.push_back(3 * static_cast<Index>(subjects.size()) + 1);
        sites.push_back(std::to_string(s));
        site_of[subjects.back()] = sites.back();
      }
  }
  std::vector<Index> order(Index batch_size, std::uint64_t seed = 1) const {
    Random random({.seed = seed, .use = Use::shuffle});
    return site_balanced_order(subjects, sites, batch_size, random);
  }
};

}  // namespace

TEST_CASE("Site balance: each full batch has the sites alike, and no subject twice") {
  const Made made({60, 25, 9, 5});
  const std::vector<Index> order = made.order(8);
  REQUIRE(order.size() == made.subjects.size());
  for (std::size_t at = 0; at < order.size(); at += 8) {
    std::set<Index> batch;
    std::map<std::string, int> sites;
    for (std::size_t k = at; k < std::min(at + 8, order.size()); ++k) {
      batch.insert(order[k]);
      ++sites[made.site_of.at(order[k])];
    }
    CHECK(batch.size() == std::min<std::size_t>(8, order.size() - at));
    if (batch.size() == 8)
      for (const auto& site : sites) CHECK(site.second == 2);
  }
}

TEST_CASE("Site balance: a site's subjects all come before one of them comes again") {
  const Made made({40, 6, 6});
  std::map<Index, int> times;
  for (const Index subject : made.order(3)) ++times[subject];
  for (const char* site : {"1", "2"}) {
    int least = 100, most = 0;
    for (const auto& [subject, name] : made.site_of)
      if (name == site) {
        least = std::min(least, times[subject]);
        most = std::max(most, times[subject]);
      }
    CHECK(least >= 2);  // 52 / 3 draws of six subjects
    CHECK(most - least <= 1);
  }
}

TEST_CASE("Site balance: one site is a plain shuffle, and sites smaller than their share leave room to the others") {
  const Made one({20});
  std::vector<Index> order = one.order(7);
  CHECK(order != one.subjects);
  std::ranges::sort(order);
  CHECK(order == one.subjects);
  const Made two({1, 15});  // a batch of 8 holds the single subject once
  const std::vector<Index> batches = two.order(8);
  for (std::size_t at = 0; at < 16; at += 8)
    CHECK(std::count(batches.begin() + static_cast<std::ptrdiff_t>(at),
                     batches.begin() + static_cast<std::ptrdiff_t>(at) + 8, two.subjects[0]) == 1);
}

TEST_CASE("Site balance: the seed decides the order") {
  const Made made({10, 20});
  CHECK(made.order(4) == made.order(4));
  CHECK(made.order(4) != made.order(4, 2));
}
