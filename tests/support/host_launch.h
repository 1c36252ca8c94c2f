// SPDX-License-Identifier: Apache-2.0
// Runs the bodies of the CUDA kernels (tensor/backend/cuda/block/block.h) on the host: blocks one after the other, in
// each phase the threads one after the other, in an order of choice. On a GPU any order may happen, so all must give
// the same bits.
#pragma once

#include <algorithm>
#include <cstring>
#include <memory>
#include <numeric>
#include <vector>

#include "tensor/op.h"
#include "tensor/random.h"

namespace cg::test {

enum class Order { forward, reversed, shuffled };

/// 0 … n − 1 in an order; shuffled, each `round` differs.
inline std::vector<int> ordered(Order order, int n, std::uint32_t round) {
  std::vector<int> all(static_cast<std::size_t>(n));
  std::iota(all.begin(), all.end(), 0);
  if (order == Order::reversed) std::reverse(all.begin(), all.end());
  if (order == Order::shuffled) {
    Random random({.seed = 1, .sample = round});
    for (std::size_t i = all.size(); i > 1; --i)
      std::swap(all[i - 1], all[static_cast<std::size_t>(random.below(static_cast<Index>(i)))]);
  }
  return all;
}

class HostBlock {
 public:
  HostBlock(int index, int threads, Order order) : index_(index), threads_(threads), order_(order) {}
  int index() const { return index_; }
  template <class F>
  void phase(const F& f) {
    for (const int thread : ordered(order_, threads_, static_cast<std::uint32_t>(index_ * 1000 + ++phases_))) f(thread);
  }
  template <class F>
  void finish(const F& f) {
    phase(f);
  }

 private:
  int index_, threads_, phases_ = 0;
  Order order_;
};

/// In the place of the launch on a GPU.
template <Order order>
class HostLaunch {
 public:
  HostLaunch() = default;
  explicit HostLaunch(const Call&) {}

  template <class Body>
  void operator()(Index blocks, const Body& body) const {
    using Shared = typename Body::Shared;
    const auto shared = std::make_unique<Shared>();
    for (const int b : ordered(order, static_cast<int>(blocks), 0)) {
      std::memset(shared.get(), 0xFF, sizeof(Shared));  // NaN: a block finds nothing in its memory
      HostBlock block(b, Body::threads, order);
      body(block, *shared);
    }
  }
};

}  // namespace cg::test
