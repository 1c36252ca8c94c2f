// SPDX-License-Identifier: Apache-2.0
#include "experiments/statistics/paired.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "tensor/error.h"
#include "tensor/random.h"

namespace cg {
namespace {

/// The value below which a share of the sorted values lies, between the two nearest ones.
double quantile(const std::vector<double>& sorted, double share) {
  const double at = share * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(at);
  const double above = sorted[std::min(below + 1, sorted.size() - 1)];
  return sorted[below] + (at - std::floor(at)) * (above - sorted[below]);
}

/// Of the pairs that are not missing.
struct Sum {
  double sum = 0;
  Index count = 0;
  void add(double value) {
    if (std::isnan(value)) return;
    sum += value;
    ++count;
  }
  double mean() const { return sum / static_cast<double>(count); }
};

}  // namespace

PairedDifference paired_difference(const ErrorsBySeed& a, const ErrorsBySeed& b, Index draws, std::uint64_t seed) {
  if (a.seeds != b.seeds || a.subjects != b.subjects || a.seeds < 1 || a.subjects < 1 ||
      a.values.size() != b.values.size() || static_cast<Index>(a.values.size()) != a.seeds * a.subjects)
    fail(ErrorKind::usage, "paired_difference", "the two methods have different seeds or subjects",
         "Compare runs with the same seeds and the same test part");
  const auto difference = [&](Index s, Index subject) {
    const auto k = static_cast<std::size_t>(s * a.subjects + subject);
    return a.values[k] - b.values[k];
  };
  PairedDifference out;
  Sum all;
  for (Index s = 0; s < a.seeds; ++s)
    for (Index i = 0; i < a.subjects; ++i) all.add(difference(s, i));
  if (all.count == 0)
    fail(ErrorKind::usage, "paired_difference", "the two methods have no subject in common",
         "Compare runs with the same test part");
  out.mean = all.mean();
  Random random({.seed = seed});
  std::vector<double> means(static_cast<std::size_t>(draws));
  std::vector<Index> seeds(static_cast<std::size_t>(a.seeds));
  Index below = 0, above = 0;
  for (double& mean : means) {
    Sum sum;
    do {  // again, if all drawn pairs are missing
      sum = {};
      for (Index& s : seeds) s = random.below(a.seeds);
      for (Index i = 0; i < a.subjects; ++i) {
        const Index subject = random.below(a.subjects);
        for (const Index s : seeds) sum.add(difference(s, subject));
      }
    } while (sum.count == 0);
    mean = sum.mean();
    below += mean <= 0;
    above += mean >= 0;
  }
  std::ranges::sort(means);
  out.low = quantile(means, 0.025);
  out.high = quantile(means, 0.975);
  out.p = std::min(1.0, 2 * static_cast<double>(std::min(below, above) + 1) / static_cast<double>(draws + 1));
  return out;
}

std::vector<double> holm(std::span<const double> p) {
  std::vector<std::size_t> order(p.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, [&](std::size_t a, std::size_t b) { return p[a] < p[b]; });
  std::vector<double> out(p.size());
  double largest = 0;
  for (std::size_t k = 0; k < order.size(); ++k) {
    largest = std::max(largest, std::min(1.0, p[order[k]] * static_cast<double>(p.size() - k)));
    out[order[k]] = largest;
  }
  return out;
}

}  // namespace cg
