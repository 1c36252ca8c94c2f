// SPDX-License-Identifier: Apache-2.0
#include "tensor/backend/engine_sweep.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "tensor/registry.h"

namespace cg {
namespace {

constexpr double near_the_fastest = 1.02;

/// The squares of a − b and of b, added up in blocks of a fixed size, so that the number of threads changes no bit.
template <class T>
double distance(std::span<const T> a, std::span<const T> b) {
  constexpr std::size_t block = 1 << 16;
  const std::size_t blocks = (b.size() + block - 1) / block;
  std::vector<double> differences(blocks), sizes(blocks);
#pragma omp parallel for
  for (std::size_t k = 0; k < blocks; ++k) {
    double difference = 0, size = 0;
    const std::size_t end = std::min(b.size(), (k + 1) * block);
    for (std::size_t i = k * block; i < end; ++i) {
      const double x = static_cast<double>(a[i]), y = static_cast<double>(b[i]);
      difference += (x - y) * (x - y);
      size += y * y;
    }
    differences[k] = difference;
    sizes[k] = size;
  }
  double difference = 0, size = 0;
  for (std::size_t k = 0; k < blocks; ++k) {
    difference += differences[k];
    size += sizes[k];
  }
  if (!std::isfinite(difference)) return std::numeric_limits<double>::infinity();
  return difference == 0 ? 0 : std::sqrt(difference / size);
}

bool is_right(const MeasuredEngine& engine) {
  const EngineTiming& timing = engine.timing;
  return timing.failure.empty() && !timing.slow && timing.equal_bits &&
         timing.error_to_first <= largest_error(engine.entry.problem.dtype);
}

}  // namespace

/// bfloat16: every result is rounded once, by at most 2⁻⁹ of its size, so two are apart by at most 2⁻⁸. float32: sums
/// of the 3.7 million products of a stem's weight gradient in random order are off by about 2⁻²⁴ · √(3.7e6 / 6) = 5e-5.
double largest_error(DType dtype) { return dtype == DType::bf16 ? 1.0 / 256 : 1e-4; }

double relative_distance(const Tensor& a, const Tensor& b) {
  return a.dtype() == DType::bf16 ? distance<bfloat16>(a.data<bfloat16>(), b.data<bfloat16>())
                                  : distance<float>(a.data<float>(), b.data<float>());
}

std::optional<std::size_t> choose_engine(std::span<const MeasuredEngine> measured) {
  double fastest = std::numeric_limits<double>::infinity();
  for (const MeasuredEngine& engine : measured)
    if (is_right(engine)) fastest = std::min(fastest, engine.timing.milliseconds);
  std::optional<std::size_t> best;
  const auto rank = [&](std::size_t k) {
    return std::pair(measured[k].entry.workspace, measured[k].timing.milliseconds);
  };
  for (std::size_t k = 0; k < measured.size(); ++k)
    if (is_right(measured[k]) && measured[k].timing.milliseconds <= near_the_fastest * fastest)
      if (!best || rank(k) < rank(*best)) best = k;
  return best;
}

SweptProblem sweep(EngineSweep& candidates, const std::function<bool()>& in_time) {
  SweptProblem swept;
  double fastest = std::numeric_limits<double>::infinity();
  for (std::size_t k = 0; k < candidates.candidates().size(); ++k) {
    if (!in_time()) {
      swept.complete = false;
      break;
    }
    MeasuredEngine engine{candidates.candidates()[k], candidates.time(k, fastest)};
    engine.entry.milliseconds = engine.timing.milliseconds;
    if (is_right(engine)) fastest = std::min(fastest, engine.timing.milliseconds);
    swept.measured.push_back(std::move(engine));
  }
  swept.chosen = choose_engine(swept.measured);
  return swept;
}

}  // namespace cg
