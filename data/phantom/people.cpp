// SPDX-License-Identifier: Apache-2.0
#include "data/phantom/people.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace cg::phantom {
namespace {

/// A truncated normal and its share of a mixture; years.
struct Ages {
  double weight, mean, sd, low, high;
};

struct Study {
  Index subjects, women;
  std::vector<Ages> ages;
};

const std::vector<Study>& studies() {
  static const std::vector<Study> table = {
      {134, 78, {{1.0, 15.946, 8.031, 18, 35}}},
      {60, 34, {{0.657, 22.5, 6.5, 14, 45}, {0.343, 65.25, 10.0, 40, 85}}},
      {12, 6, {{1.0, 69.3, 2.9, 65, 75}}},
      {68, 49, {{1.0, 68.119, 6.77, 59, 90}}},
      {37, 16, {{0.5, 33.0, 8.0, 22, 79}, {0.5, 64.48, 8.0, 22, 79}}},
  };
  return table;
}

double normal_below(double x) { return 0.5 * std::erfc(-x / std::numbers::sqrt2); }

/// The inverse of `normal_below`, by bisection to the last bits; called only a few hundred times.
double normal_quantile(double p) {
  double low = -40, high = 40;
  for (int step = 0; step < 200 && low < high; ++step) {
    const double middle = 0.5 * (low + high);
    if (middle == low || middle == high) break;
    (normal_below(middle) < p ? low : high) = middle;
  }
  return 0.5 * (low + high);
}

double mixture_quantile(const std::vector<Ages>& mixture, double u) {
  for (std::size_t k = 0; k < mixture.size(); ++k) {
    const Ages& part = mixture[k];
    if (u < part.weight || k + 1 == mixture.size()) {
      const double v = std::clamp(u / part.weight, 1e-9, 1 - 1e-9);
      const double a = normal_below((part.low - part.mean) / part.sd),
                   b = normal_below((part.high - part.mean) / part.sd);
      return part.mean + part.sd * normal_quantile(a + v * (b - a));
    }
    u -= part.weight;
  }
  return 0;  // not reached: the last part takes the rest
}

double rounded(double years) { return std::nearbyint(years * 100) / 100; }

}  // namespace

std::vector<Person> stiffness_people(Index n, std::uint32_t seed) {
  const auto& all = studies();
  std::vector<double> start;
  for (std::uint32_t s = 0; s < all.size(); ++s)
    start.push_back(Draws{seed, Kind::stiffness, Stream::cohort, s}.uniforms(1)[0]);
  std::vector<Index> count(all.size()), women(all.size());
  std::vector<Person> people;
  for (Index i = 0; i < n; ++i) {
    const Index turn = i / full_cohort, t = i % full_cohort;
    if (t == 0) {
      std::fill(count.begin(), count.end(), 0);
      std::fill(women.begin(), women.end(), 0);
    }
    std::size_t study = 0;  // the study whose count is farthest below its share
    double most = -1e9;
    for (std::size_t s = 0; s < all.size(); ++s) {
      const double lag = static_cast<double>(all[s].subjects * (t + 1)) / full_cohort - static_cast<double>(count[s]);
      if (lag > most) {
        most = lag;
        study = s;
      }
    }
    const Study& from = all[study];
    const Index k = ++count[study];
    const double share = static_cast<double>(from.women * k) / static_cast<double>(from.subjects);
    const bool female = share - static_cast<double>(women[study]) >= 0.5;
    women[study] += female;
    const double u =
        start[study] + static_cast<double>(k) * 0.6180339887498949 + static_cast<double>(turn) * 0.7548776662466927;
    people.push_back({rounded(mixture_quantile(from.ages, u - std::floor(u))), female, static_cast<Index>(study)});
  }
  return people;
}

Scanner scanner(Index site, std::uint32_t seed) {
  const auto z = Draws{seed, Kind::t1, Stream::site, static_cast<std::uint32_t>(site)}.uniforms(10);
  Scanner s{0.8 + 0.4 * z[0],
            0.85 + 0.35 * z[1],
            0.015 + 0.03 * z[2],
            3 + 3 * z[3],
            {},
            z[9] < 0.2 ? 0 : z[9] < 0.75 ? 1 : 2};
  for (std::size_t k = 0; k < 5; ++k) s.bias[k] = 0.24 * (z[4 + k] - 0.5);
  return s;
}

Person t1_person(Index i, std::uint32_t seed, Index sites) {
  static const std::vector<Ages> groups = {{1, 11.0, 3.5, 6, 18}, {1, 22.0, 5.0, 17, 40}, {1, 50.0, 17.0, 24, 88}};
  const auto u = Draws{seed, Kind::t1, Stream::demography, static_cast<std::uint32_t>(i)}.uniforms(5);
  const auto site = static_cast<Index>(u[0] * static_cast<double>(sites));
  const int group = u[1] < 0.7 ? scanner(site, seed).ages : u[2] < 0.25 ? 0 : u[2] < 0.8 ? 1 : 2;
  return {rounded(mixture_quantile({groups[static_cast<std::size_t>(group)]}, u[3])), u[4] < 0.5, site};
}

}  // namespace cg::phantom
