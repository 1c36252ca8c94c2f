// SPDX-License-Identifier: Apache-2.0
#include "experiments/training/queue.h"

#include <cmath>

#include "tensor/random.h"

namespace cg {

EmbeddingQueue::EmbeddingQueue(Backend& backend, const Spec& spec, std::uint64_t seed)
    : backend_(backend), tensor_(backend.tensor(spec)) {
  std::vector<double> all;
  for (Index r = 0; r < spec.shape.at(0); ++r) {
    Random random({.seed = seed, .sample = static_cast<std::uint32_t>(r), .use = Use::queue});
    std::vector<double> row(static_cast<std::size_t>(spec.shape.at(1)));
    double squares = 0;
    for (double& x : row) {
      x = random.normal();
      squares += x * x;
    }
    for (const double x : row) all.push_back(x / std::sqrt(squares));
  }
  from_doubles(backend_, all, tensor_);
}

void EmbeddingQueue::push(std::span<const double> pushed) {
  std::vector<double> all = rows();
  const std::size_t size = all.size();
  all.insert(all.end(), pushed.begin(), pushed.end());
  all.erase(all.begin(), all.end() - static_cast<std::ptrdiff_t>(size));
  from_doubles(backend_, all, tensor_);
}

std::vector<double> EmbeddingQueue::rows() const { return to_doubles(backend_, tensor_); }

}  // namespace cg
