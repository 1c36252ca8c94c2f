// SPDX-License-Identifier: Apache-2.0
// A cohort in memory whose maps identify their subject.
#pragma once

#include <atomic>
#include <stdexcept>

#include "data/dataset.h"
#include "tensor/error.h"

namespace cg::test {

/// Subject i: age 20 + i, a map of [2, 3, 2] voxels k² + 1 + i, whose first voxel is 0.
class SampleDataset final : public Dataset {
 public:
  explicit SampleDataset(Index n) {
    for (Index i = 0; i < n; ++i)
      subjects_.push_back({"sample-" + std::to_string(i), 20.0 + static_cast<double>(i), "F", "1"});
  }
  Index size() const override { return static_cast<Index>(subjects_.size()); }
  const Subject& subject(Index i) const override { return subjects_.at(static_cast<std::size_t>(i)); }
  Shape volume_shape() const override { return {2, 3, 2}; }
  Volume volume(Index i) const override {
    ++reads;
    if (i == broken) fail(ErrorKind::data, "sample dataset", "subject " + std::to_string(i) + " is broken", "Fix it.");
    Volume out{volume_shape(), std::vector<float>(12)};
    for (std::size_t k = 1; k < 12; ++k)
      out.values[k] = i == flat ? 3.0f : static_cast<float>(k * k + 1) + static_cast<float>(i);
    return out;
  }

  Index broken = -1;                  ///< reading it fails
  Index flat = -1;                    ///< all its data are equal
  mutable std::atomic<int> reads{0};  ///< maps read so far

 private:
  std::vector<Subject> subjects_;
};

}  // namespace cg::test
