// SPDX-License-Identifier: Apache-2.0
// Prepares batches on a separate thread while the step before computes. Their order and content depend only on keys
// (seed, epoch, sample): neither the number of threads nor the timing can change them.
#pragma once

#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <optional>
#include <span>
#include <thread>
#include <vector>

#include "data/augment/augmentation.h"
#include "data/dataset.h"
#include "data/normalise.h"
#include "data/subject_order.h"

namespace cg {

class Backend;

/// Normalised maps by subject. A map that was read is kept while the kept maps fit in `budget` bytes; any other is read
/// again.
class VolumeSource {
 public:
  /// `by`: the intensity that all maps are normalised with; no value: each map with its own.
  VolumeSource(const Dataset& dataset, std::optional<Intensity> by, Index budget);
  /// Writes the normalised map of a subject. Not thread-safe.
  void read(Index subject, std::span<float> into);
  Index voxels() const { return voxels_; }
  const Dataset& dataset() const { return dataset_; }

 private:
  const Dataset& dataset_;
  std::optional<Intensity> by_;
  Index voxels_, budget_;
  std::vector<std::vector<float>> kept_;
};

struct Batch {
  std::vector<Index> subjects;  ///< [b], numbers in the dataset
  std::vector<double> ages;     ///< [b], years
  /// Together [views · b, D, H, W, 1], joined along the first axis: all of view 1, then all of view 2. Loader gives one
  /// tensor of float32 in host memory.
  std::vector<Tensor> volumes;
};

struct LoaderOptions {
  Index batch_size = 32;
  bool shuffle = true;                          ///< by (seed, epoch); false: the subjects' order is kept
  SubjectOrder order = SubjectOrder::shuffled;  ///< which shuffle
  std::uint64_t seed = 0;
  Index epoch = 1;
  Index first_batch = 0;      ///< earlier ones are skipped without being read, to continue an epoch
  Index views = 1;            ///< volumes per subject; more than one only with an augmentation
  Augment augment;            ///< changes a normalised volume by seed, epoch, sample and view; empty: no change. A
                              ///< subject's second volume in an epoch counts as further views
  Index threads = 1;          ///< that augment a batch; if the CPU computes the steps, more would slow them down
  Index prefetch = 2;         ///< batches prepared in advance
  bool reads_volumes = true;  ///< false: only subjects and ages
  Backend* device = nullptr;  ///< the device that will copy the batches; null: ordinary host memory
};

/// One epoch over `subjects`. Each subject comes once, except with a balanced `order`. The last batch may be smaller.
class Loader {
 public:
  Loader(VolumeSource& source, std::vector<Index> subjects, LoaderOptions options);
  ~Loader();
  Loader(const Loader&) = delete;
  Loader& operator=(const Loader&) = delete;

  /// The next batch, or no value after the last one. Rethrows an error of the loader's thread.
  std::optional<Batch> next();
  /// Whether `next` would return without waiting.
  bool ready();

  /// The sizes of the batches that `n` subjects give.
  static std::vector<Index> batch_sizes(Index n, Index batch_size);

 private:
  void work();
  Batch make(std::size_t first, std::size_t size);
  Tensor read(std::size_t first, std::size_t size);

  VolumeSource& source_;
  LoaderOptions options_;
  std::vector<Index> order_;
  std::vector<Index> occurrence_;  // of each entry of order_: how often its subject came before in this epoch
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Batch> ready_;
  std::exception_ptr problem_;
  bool finished_ = false, stop_ = false;
  std::thread thread_;
};

}  // namespace cg
