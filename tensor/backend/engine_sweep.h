// SPDX-License-Identifier: Apache-2.0
// The engines that may compute a problem, their times on a GPU, and which of them goes into the table.
// Read next: engine_table.h.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "tensor/backend/engine_table.h"

namespace cg {

/// What a GPU says about an engine.
struct EngineTiming {
  double milliseconds = 0;    ///< the median of several groups of runs
  bool equal_bits = false;    ///< all runs gave the same result
  double error_to_first = 0;  ///< relative L2 distance from the first candidate's result
  std::string failure = {};   ///< why it could not run; empty if it could
  bool slow = false;          ///< clearly slower than the fastest before it: only its time was measured, roughly
};

/// The candidates for one problem. Without a device they are only listed.
class EngineSweep {
 public:
  EngineSweep() = default;
  virtual ~EngineSweep() = default;
  EngineSweep(const EngineSweep&) = delete;
  EngineSweep& operator=(const EngineSweep&) = delete;
  /// The first is what the heuristics choose. All milliseconds are 0.
  virtual const std::vector<EngineEntry>& candidates() const = 0;
  /// Runs candidate k, by its place. Candidates are timed in their order. `fastest`: milliseconds of the fastest right
  /// candidate before it. Errors: device, memory.
  virtual EngineTiming time(std::size_t k, double fastest) = 0;
};

/// A candidate that was timed.
struct MeasuredEngine {
  EngineEntry entry;  ///< with its time
  EngineTiming timing;
};

/// The largest error_to_first of a right result. Candidates sum the same products in different orders.
double largest_error(DType dtype);

/// ‖a − b‖ / ‖b‖ of tensors of the host with the same spec. Infinite if a number of `a` is not finite.
double relative_distance(const Tensor& a, const Tensor& b);

/// The place of the best candidate: of those within 2 % of the fastest the one with the least workspace; of several,
/// the fastest. Candidates that failed, whose error is too large, or whose results differ in their bits are not chosen.
/// None: no candidate is left.
std::optional<std::size_t> choose_engine(std::span<const MeasuredEngine> measured);

/// What was measured for a problem.
struct SweptProblem {
  std::vector<MeasuredEngine> measured;
  std::optional<std::size_t> chosen;
  bool complete = true;  ///< all candidates were timed
};

/// Times the candidates in order, as long as `in_time` holds before each.
SweptProblem sweep(EngineSweep& candidates, const std::function<bool()>& in_time);

}  // namespace cg
