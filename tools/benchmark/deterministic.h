// SPDX-License-Identifier: Apache-2.0
// Inputs of benchmarks that are the same in all languages: tools/benchmark/benchmark_pytorch.py generates them too.
#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

#include "tensor/index.h"

namespace cg {

/// Number i of a deterministic sequence in ± scale/2: 64-bit mixing of i and the seed.
inline double deterministic(std::uint64_t i, std::uint64_t seed, double scale) {
  std::uint64_t x = (i + seed * 0x9E3779B97F4A7C15ull) * 0xBF58476D1CE4E5B9ull;
  x ^= x >> 31;
  x *= 0x94D049BB133111EBull;
  x ^= x >> 30;
  return (static_cast<double>(x >> 40) / 16777216.0 - 0.5) * scale;
}

/// Ages between 20 and 80 years, all different.
inline std::vector<double> deterministic_ages(Index n) {
  std::vector<double> out;
  for (Index i = 0; i < n; ++i) out.push_back(20 + 60 * std::fmod(static_cast<double>(i) * 0.618034, 1.0));
  return out;
}

/// Rows [n, width] of length 1.
inline std::vector<double> deterministic_rows(Index n, Index width, std::uint64_t seed) {
  std::vector<double> out(static_cast<std::size_t>(n * width));
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = deterministic(i, seed, 2);
  for (auto row = out.begin(); row != out.end(); row += width) {
    double squares = 0;
    for (Index k = 0; k < width; ++k) squares += row[k] * row[k];
    for (Index k = 0; k < width; ++k) row[k] /= std::sqrt(squares);
  }
  return out;
}

}  // namespace cg
