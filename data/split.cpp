// SPDX-License-Identifier: Apache-2.0
#include "data/split.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <random>

#include "tensor/error.h"

namespace cg {
namespace {

/// A number in 0 … most as numpy's legacy generator draws it: the bits under the smallest mask, again if above `most`.
std::uint32_t draw(std::mt19937& generator, std::uint32_t most) {
  std::uint32_t mask = most;
  for (int shift = 1; shift < 32; shift *= 2) mask |= mask >> shift;
  std::uint32_t value;
  do value = static_cast<std::uint32_t>(generator()) & mask;
  while (value > most);
  return value;
}

}  // namespace

Split split_folds(Index n, Index folds, Index fold, std::uint32_t seed) {
  if (folds < 2 || folds > n || fold < 0 || fold >= folds)
    fail(ErrorKind::usage, "split", fmt::format("fold {} of {} folds does not exist for {} subjects", fold, folds, n),
         "Choose 2 folds or more, and not more folds than subjects.");
  std::vector<Index> order(static_cast<std::size_t>(n));
  std::iota(order.begin(), order.end(), Index{0});
  std::mt19937 generator(seed);
  for (std::size_t i = order.size() - 1; i > 0; --i)
    std::swap(order[i], order[draw(generator, static_cast<std::uint32_t>(i))]);
  const Index size = n / folds, larger = n % folds, begin = fold * size + std::min(fold, larger);
  const Index end = begin + size + (fold < larger ? 1 : 0);
  Split split;
  for (Index i = 0; i < n; ++i)
    (i >= begin && i < end ? split.test : split.train).push_back(order[static_cast<std::size_t>(i)]);
  std::sort(split.train.begin(), split.train.end());
  std::sort(split.test.begin(), split.test.end());
  return split;
}

}  // namespace cg
