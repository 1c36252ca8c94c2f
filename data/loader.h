// Batches, prepared on a thread of their own while the step before computes. Their order and content depend on keys
// alone (seed, epoch, sample): neither the number of threads nor timing can change them.
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

/// Normalised maps by subject; kept in memory once read while they fit in `budget` bytes, else read anew.
class VolumeSource {
 public:
  /// `by`: the intensity all maps are normalised with; none: each by its own.
  VolumeSource(const Dataset& dataset, std::optional<Intensity> by, Index budget);
  /// Writes the normalised map of a subject. One thread at a time.
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
  /// One behind the other [views · b, D, H, W, 1], all of view 1, then all of view 2. The loader's are one tensor of
  /// float32 in host memory.
  std::vector<Tensor> volumes;
};

struct LoaderOptions {
  Index batch_size = 32;
  bool shuffle = true;                          ///< by (seed, epoch); otherwise the subjects' order is kept
  SubjectOrder order = SubjectOrder::shuffled;  ///< of a shuffle
  std::uint64_t seed = 0;
  Index epoch = 1;
  Index first_batch = 0;      ///< those before it are passed over without being read, to go on within an epoch
  Index views = 1;            ///< volumes a subject; more than one only with an augmentation
  Augment augment;            ///< of normalised volumes, told seed, epoch, sample and view; none: volumes as they are
  Index threads = 1;          ///< that augment a batch; where the processor computes the steps, more would disturb them
  Index prefetch = 2;         ///< batches prepared ahead
  bool reads_volumes = true;  ///< false: subjects and ages alone
  Backend* device = nullptr;  ///< the device that will copy the batches; none: host memory like any other
};

/// One epoch over `subjects`, each once unless `order` says otherwise; the last batch may be short.
class Loader {
 public:
  Loader(VolumeSource& source, std::vector<Index> subjects, LoaderOptions options);
  ~Loader();
  Loader(const Loader&) = delete;
  Loader& operator=(const Loader&) = delete;

  /// The next batch, or none after the last. Rethrows what went wrong on the loader's thread.
  std::optional<Batch> next();
  /// Whether `next` would not wait.
  bool ready();

  /// The sizes of the batches that `n` subjects give.
  static std::vector<Index> batch_sizes(Index n, Index batch_size);

 private:
  void work();
  Batch make(std::span<const Index> subjects);
  Tensor read(std::span<const Index> subjects);

  VolumeSource& source_;
  LoaderOptions options_;
  std::vector<Index> order_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Batch> ready_;
  std::exception_ptr problem_;
  bool finished_ = false, stop_ = false;
  std::thread thread_;
};

}  // namespace cg
