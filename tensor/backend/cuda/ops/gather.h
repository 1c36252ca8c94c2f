// SPDX-License-Identifier: Apache-2.0
// Concatenates parts of one size that lie anywhere in the device's memory, for example the volumes of a batch out of
// those of a cohort: one kernel instead of one copy per part. Bound by memory: reads and writes each byte once.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>

#include "tensor/backend/cuda/block/block.h"
#include "tensor/backend/cuda/block/lanes.h"

namespace cg::cuda {

/// Moves words. A volume of 91 x 109 x 91 numbers of 2 bytes is not a multiple of a larger word.
template <class Word>
struct Gather {
  static constexpr int threads = 256, batch = 8;  // words of a thread that are under way together
  static constexpr Index per_block = threads * batch;
  static constexpr int most_parts = 128;  // they are arguments of the kernel
  using Shared = Nothing;

  Index words, blocks;  ///< words of a part, and blocks that take one
  Word* to;
  std::array<const Word*, most_parts> parts;

  template <class Block>
  CG_HD void operator()(Block& block, Shared&) const {
    block.finish([&](int thread) {
      const Index part = block.index() / blocks;
      const Index first = block.index() % blocks * per_block + thread;
      const Word* from = parts[static_cast<std::size_t>(part)];
      Word* into = to + part * words;
      Word some[batch];
      unrolled<batch>([&](auto b) {
        if (first + b * threads < words) some[b] = from[first + b * threads];
      });
      unrolled<batch>([&](auto b) {
        if (first + b * threads < words) into[first + b * threads] = some[b];
      });
    });
  }
};

template <class Word, class Launch>
void gather_words(std::span<const Tensor> parts, std::byte* to, const Launch& launch) {
  using Body = Gather<Word>;
  const Index bytes = parts[0].spec().size_bytes(), words = bytes / static_cast<Index>(sizeof(Word));
  Body body{.words = words, .blocks = blocks_for(words, Body::per_block), .to = nullptr, .parts = {}};
  while (!parts.empty()) {
    const auto some = parts.first(std::min(parts.size(), static_cast<std::size_t>(Body::most_parts)));
    const auto count = static_cast<Index>(some.size());
    body.to = reinterpret_cast<Word*>(to);
    for (std::size_t k = 0; k < some.size(); ++k) body.parts[k] = reinterpret_cast<const Word*>(some[k].raw());
    launch(count * body.blocks, body);
    to += count * bytes;
    parts = parts.subspan(some.size());
  }
}

/// `to` = the parts, one after the other. All lie on the device and have the same size. `launch` as in block.h.
template <class Launch>
void gather(std::span<const Tensor> parts, std::byte* to, const Launch& launch) {
  std::uintptr_t all = reinterpret_cast<std::uintptr_t>(to) | static_cast<std::uintptr_t>(parts[0].spec().size_bytes());
  for (const Tensor& part : parts) all |= reinterpret_cast<std::uintptr_t>(part.raw());
  if (all % 8 == 0)
    gather_words<std::uint64_t>(parts, to, launch);
  else if (all % 2 == 0)
    gather_words<std::uint16_t>(parts, to, launch);
  else
    gather_words<std::uint8_t>(parts, to, launch);
}

}  // namespace cg::cuda
