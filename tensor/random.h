// SPDX-License-Identifier: Apache-2.0
// Counter-based random numbers (Philox4x32-10; Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011):
// a draw depends on its key and its index alone, so neither threads nor the order of calls can change it.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "tensor/index.h"

namespace cg {

/// Four 32-bit words of Philox4x32-10 for a 128-bit counter and a 64-bit key.
std::array<std::uint32_t, 4> philox(std::array<std::uint32_t, 4> counter, std::array<std::uint32_t, 2> key);

/// A word as a number in (0, 1): (bits + 0.5) / 2^32.
inline double to_uniform(std::uint32_t bits) { return (bits + 0.5) / 4294967296.0; }

/// Box-Muller on lanes (0, 1) and (2, 3): four standard normals of one block, in double.
std::array<double, 4> to_normals(const std::array<std::uint32_t, 4>& bits);

/// What random numbers are for; two uses never share a draw.
enum class Use : std::uint32_t { initial_weights, shuffle, split, noise, cutout, crop, flip, rotation, queue, test };

/// Names a stream of random numbers.
struct Key {
  std::uint64_t seed = 0;
  std::uint32_t epoch = 0;
  std::uint32_t sample = 0;
  std::uint32_t view = 0;  ///< below 2^16
  Use use = Use::test;
};

/// The words of many blocks: word w of block k is [w][k].
using Blocks = std::array<std::array<std::uint32_t, 256>, 4>;

/// The stream of a key. Copies draw the same numbers.
class Random {
 public:
  explicit Random(const Key& key) : key_(key) {}
  double uniform();                         ///< in (0, 1)
  double normal();                          ///< mean 0, standard deviation 1
  std::array<std::uint32_t, 4> words();     ///< the next whole block of random bits
  Blocks blocks();                          ///< the next 256 blocks, computed together
  Index below(Index n);                     ///< 0 … n − 1, n ≥ 1
  std::vector<Index> permutation(Index n);  ///< of 0 … n − 1 (Fisher-Yates)

 private:
  std::array<std::uint32_t, 4> counter(std::uint32_t index) const;
  std::array<std::uint32_t, 2> key() const;
  std::array<std::uint32_t, 4> block(std::uint32_t index) const;
  std::uint32_t word();
  Key key_;
  std::uint32_t next_ = 0;                ///< index of the next word
  std::array<std::uint32_t, 4> block_{};  ///< the block that word `next_` − 1 came from
};

}  // namespace cg
