// SPDX-License-Identifier: Apache-2.0
// A thread's part of a row: N neighbouring channels as floats, read and written 16 bytes at a time. Arithmetic is in
// float32 for every type in memory.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <type_traits>
#include <utility>

#include "tensor/backend/cuda/block/host_device.h"

namespace cg::cuda {

/// Elements in 16 bytes, the widest access of a thread.
template <class T>
inline constexpr int vector_width = 16 / static_cast<int>(sizeof(T));

/// Neighbouring elements in memory, accessed together if they fit into 16 bytes.
template <class T, int N>
struct alignas(sizeof(T) * N < 16 ? sizeof(T) * N : 16) Pack {
  T v[N];
};

template <int N>
struct Lanes {
  float v[N];
  CG_HD float& operator[](int j) { return v[j]; }
  CG_HD float operator[](int j) const { return v[j]; }
};

/// Calls f(0) … f(N − 1) with the numbers as types, so that arrays indexed with them stay in registers.
template <int N, class F>
CG_HD void unrolled(const F& f) {
  [&]<int... j>(std::integer_sequence<int, j...>) { (f(std::integral_constant<int, j>{}), ...); }
  (std::make_integer_sequence<int, N>{});
}

template <class T, int N>
CG_HD Pack<T, N> load_pack(const T* from) {
  return *reinterpret_cast<const Pack<T, N>*>(from);
}

template <class T, int N>
CG_HD void store_pack(const Pack<T, N>& pack, T* to) {
  *reinterpret_cast<Pack<T, N>*>(to) = pack;
}

/// N elements from `from`, which is aligned to their whole size.
template <int N>
CG_HD Lanes<N> load(const float* from) {
  const auto pack = load_pack<float, N>(from);
  Lanes<N> out;
  for (int j = 0; j < N; ++j) out[j] = pack.v[j];
  return out;
}

template <int N>
CG_HD Lanes<N> load(const bfloat16* from) {
  const auto pack = load_pack<bfloat16, N>(from);
  Lanes<N> out;
  if constexpr (N == 1) {
    out[0] = std::bit_cast<float>(static_cast<std::uint32_t>(pack.v[0].bits) << 16);
  } else {
    const auto words = std::bit_cast<std::array<std::uint32_t, N / 2>>(pack);  // an instruction an element
    for (int j = 0; j < N / 2; ++j) {
      out[2 * j] = std::bit_cast<float>(words[static_cast<std::size_t>(j)] << 16);
      out[2 * j + 1] = std::bit_cast<float>(words[static_cast<std::size_t>(j)] & 0xFFFF0000u);
    }
  }
  return out;
}

template <int N>
CG_HD void store(const Lanes<N>& x, float* to) {
  Pack<float, N> pack;
  for (int j = 0; j < N; ++j) pack.v[j] = x[j];
  store_pack(pack, to);
}

template <int N>
CG_HD void store(const Lanes<N>& x, bfloat16* to) {
  Pack<bfloat16, N> pack;
  if constexpr (N == 1) {
    pack.v[0].bits = rounded_pair(x[0], 0).low;
  } else {
    for (int j = 0; j < N; j += 2) {
      const BfloatPair both = rounded_pair(x[j], x[j + 1]);
      pack.v[j].bits = both.low;
      pack.v[j + 1].bits = both.high;
    }
  }
  store_pack(pack, to);
}

}  // namespace cg::cuda
