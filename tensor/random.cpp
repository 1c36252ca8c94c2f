// SPDX-License-Identifier: Apache-2.0
#include "tensor/random.h"

#include <Random123/philox.h>

#include <cmath>
#include <numbers>
#include <numeric>
#include <utility>

#include "tensor/error.h"

namespace cg {

std::array<std::uint32_t, 4> philox(std::array<std::uint32_t, 4> counter, std::array<std::uint32_t, 2> key) {
  const r123::Philox4x32 generator;
  const auto out = generator({{counter[0], counter[1], counter[2], counter[3]}}, {{key[0], key[1]}});
  return {out[0], out[1], out[2], out[3]};
}

std::array<double, 4> to_normals(const std::array<std::uint32_t, 4>& bits) {
  std::array<double, 4> out;
  for (std::size_t lane = 0; lane < 4; lane += 2) {
    const double radius = std::sqrt(-2 * std::log(to_uniform(bits[lane])));
    const double angle = 2 * std::numbers::pi * to_uniform(bits[lane + 1]);
    out[lane] = radius * std::cos(angle);
    out[lane + 1] = radius * std::sin(angle);
  }
  return out;
}

std::array<std::uint32_t, 4> Random::counter(std::uint32_t index) const {
  return {index, key_.sample, key_.epoch, static_cast<std::uint32_t>(key_.seed >> 32)};
}

std::array<std::uint32_t, 2> Random::key() const {
  const std::uint32_t purpose = static_cast<std::uint32_t>(key_.use) + 0x100 + (key_.view << 16);
  return {static_cast<std::uint32_t>(key_.seed), purpose};
}

std::array<std::uint32_t, 4> Random::block(std::uint32_t index) const { return philox(counter(index), key()); }

std::uint32_t Random::word() {
  if (next_ % 4 == 0) block_ = block(next_ / 4);
  return block_[next_++ % 4];
}

double Random::uniform() { return to_uniform(word()); }

double Random::normal() {
  const double radius = std::sqrt(-2 * std::log(uniform()));
  return radius * std::cos(2 * std::numbers::pi * uniform());
}

std::array<std::uint32_t, 4> Random::words() {
  const std::uint32_t index = (next_ + 3) / 4;  // words left of the block before are passed over
  next_ = 4 * (index + 1);
  return block(index);
}

Blocks Random::blocks() {
  Blocks x;
  const std::uint32_t first = (next_ + 3) / 4;
  const auto start = counter(first);
  for (std::uint32_t k = 0; k < x[0].size(); ++k) x[0][k] = first + k;
  for (std::size_t w = 1; w < 4; ++w) x[w].fill(start[w]);
  auto [key0, key1] = key();
  for (int round = 0; round < 10; ++round, key0 += PHILOX_W32_0, key1 += PHILOX_W32_1)
#pragma omp simd  // as philox(), a round of all blocks at a time
    for (std::size_t k = 0; k < x[0].size(); ++k) {
      const std::uint64_t a = std::uint64_t{PHILOX_M4x32_0} * x[0][k], b = std::uint64_t{PHILOX_M4x32_1} * x[2][k];
      x[0][k] = static_cast<std::uint32_t>(b >> 32) ^ x[1][k] ^ key0;
      x[2][k] = static_cast<std::uint32_t>(a >> 32) ^ x[3][k] ^ key1;
      x[1][k] = static_cast<std::uint32_t>(b);
      x[3][k] = static_cast<std::uint32_t>(a);
    }
  next_ = 4 * (first + static_cast<std::uint32_t>(x[0].size()));
  return x;
}

Index Random::below(Index n) {
  if (n < 1) fail(ErrorKind::usage, "Random::below", "n must be at least 1");
  return static_cast<Index>(uniform() * static_cast<double>(n));
}

std::vector<Index> Random::permutation(Index n) {
  std::vector<Index> order(static_cast<std::size_t>(n));
  std::iota(order.begin(), order.end(), Index{0});
  for (Index i = n - 1; i > 0; --i)
    std::swap(order[static_cast<std::size_t>(i)], order[static_cast<std::size_t>(below(i + 1))]);
  return order;
}

}  // namespace cg
