// SPDX-License-Identifier: Apache-2.0
// The cohort of the benchmarks: volumes and ages by formula; tools/benchmark/benchmark_pytorch.py generates them too.
#pragma once

#include "data/dataset.h"
#include "tools/benchmark/deterministic.h"

namespace cg {

/// All batches are equal: subject i of a batch has the i-th age, and part i of one sequence of voxels.
class FormulaDataset final : public Dataset {
 public:
  FormulaDataset(Index n, Index batch, Shape volume)
      : batch_(batch), volume_(std::move(volume)), subjects_(static_cast<std::size_t>(n)) {
    const auto ages = deterministic_ages(batch);
    for (std::size_t i = 0; i < subjects_.size(); ++i) subjects_[i].age = ages[i % ages.size()];
  }
  Index size() const override { return static_cast<Index>(subjects_.size()); }
  const Subject& subject(Index i) const override { return subjects_[static_cast<std::size_t>(i)]; }
  Shape volume_shape() const override { return volume_; }
  Volume volume(Index i) const override {
    constexpr std::uint64_t seed = 2000;
    const auto voxels = static_cast<std::size_t>(count(volume_));
    const std::uint64_t first = static_cast<std::uint64_t>(i % batch_) * voxels;
    Volume out{volume_, std::vector<float>(voxels)};
#pragma omp parallel for
    for (std::size_t k = 0; k < voxels; ++k) out.values[k] = static_cast<float>(deterministic(first + k, seed, 2));
    return out;
  }

 private:
  Index batch_;
  Shape volume_;
  std::vector<Subject> subjects_;
};

}  // namespace cg
