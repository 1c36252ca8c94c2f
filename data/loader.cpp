// SPDX-License-Identifier: Apache-2.0
#include "data/loader.h"

#include <algorithm>
#include <atomic>
#include <functional>
#include <future>
#include <map>

#include "tensor/backend.h"
#include "tensor/error.h"

namespace cg {
namespace {

/// Calls `task` for 0 … n − 1, each once, on `threads` threads, this one included. Rethrows an error of a task.
void share(Index n, Index threads, const std::function<void(Index)>& task) {
  std::atomic<Index> next = 0;
  const auto work = [&] {
    for (Index k; (k = next++) < n;) task(k);
  };
  std::vector<std::future<void>> others;
  for (Index t = 1; t < std::min(threads, n); ++t) others.push_back(std::async(std::launch::async, work));
  work();
  for (std::future<void>& other : others) other.get();
}

}  // namespace

VolumeSource::VolumeSource(const Dataset& dataset, std::optional<Intensity> by, Index budget)
    : dataset_(dataset),
      by_(by),
      voxels_(count(dataset.volume_shape())),
      budget_(budget),
      kept_(static_cast<std::size_t>(dataset.size())) {}

void VolumeSource::read(Index subject, std::span<float> into) {
  std::vector<float>& kept = kept_[static_cast<std::size_t>(subject)];
  if (kept.empty()) {
    std::vector<float> values = dataset_.volume(subject).values;
    const Intensity by = by_ ? *by_ : intensity(values);
    if (!(by.sd > 1e-12))  // kPa
      fail(ErrorKind::data, dataset_.subject(subject).id,
           "all voxels that hold data are equal: the map cannot be scaled to a standard deviation of 1",
           "Remove the subject, or set data.normalise = \"train\".");
    normalise(values, by);
    std::copy(values.begin(), values.end(), into.begin());
    const auto bytes = voxels_ * static_cast<Index>(sizeof(float));
    if (budget_ >= bytes) {
      budget_ -= bytes;
      kept = std::move(values);
    }
    return;
  }
  std::copy(kept.begin(), kept.end(), into.begin());
}

std::vector<Index> Loader::batch_sizes(Index n, Index batch_size) {
  std::vector<Index> sizes(static_cast<std::size_t>(n / batch_size), batch_size);
  if (n % batch_size) sizes.push_back(n % batch_size);
  return sizes;
}

Loader::Loader(VolumeSource& source, std::vector<Index> subjects, LoaderOptions options)
    : source_(source), options_(std::move(options)) {
  Random random({.seed = options_.seed, .epoch = static_cast<std::uint32_t>(options_.epoch), .use = Use::shuffle});
  order_ = options_.shuffle ? epoch_order(subjects, source.dataset(), options_.order, random) : std::move(subjects);
  std::map<Index, Index> seen;
  for (const Index subject : order_) occurrence_.push_back(seen[subject]++);
  thread_ = std::thread([this] { work(); });
}

Loader::~Loader() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

std::optional<Batch> Loader::next() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return !ready_.empty() || finished_; });
  if (ready_.empty()) {
    if (problem_) std::rethrow_exception(problem_);
    return std::nullopt;
  }
  Batch batch = std::move(ready_.front());
  ready_.pop_front();
  changed_.notify_all();
  return batch;
}

bool Loader::ready() {
  const std::lock_guard lock(mutex_);
  return !ready_.empty() || finished_;
}

Batch Loader::make(std::size_t first, std::size_t size) {
  const auto subjects = std::span(order_).subspan(first, size);
  Batch batch{{subjects.begin(), subjects.end()}, {}, {}};
  if (options_.reads_volumes) batch.volumes.push_back(read(first, size));
  for (Index subject : subjects) batch.ages.push_back(source_.dataset().subject(subject).age);
  return batch;
}

Tensor Loader::read(std::size_t first, std::size_t size) {
  const auto subjects = std::span(order_).subspan(first, size);
  const Shape volume = source_.dataset().volume_shape();
  const auto b = static_cast<Index>(subjects.size());
  const Spec spec{{options_.views * b, volume[0], volume[1], volume[2], 1}, DType::f32};
  const Tensor volumes = options_.device ? options_.device->host_tensor(spec) : HostBackend().tensor(spec);
  const auto values = volumes.data<float>();
  const auto voxels = static_cast<std::size_t>(source_.voxels());
  const auto row = [&](Index view, Index i) {
    return values.subspan(static_cast<std::size_t>(view * b + i) * voxels, voxels);
  };
  for (Index i = 0; i < b; ++i) {
    source_.read(subjects[static_cast<std::size_t>(i)], row(0, i));
    for (Index view = 1; view < options_.views; ++view) std::copy_n(row(0, i).begin(), voxels, row(view, i).begin());
  }
  if (options_.augment)
    share(options_.views * b, options_.threads, [&](Index k) {
      const Index view = k / b, i = k % b;
      options_.augment({.seed = options_.seed,
                        .epoch = static_cast<std::uint32_t>(options_.epoch),
                        .sample = static_cast<std::uint32_t>(subjects[static_cast<std::size_t>(i)]),
                        .view = static_cast<std::uint32_t>(
                            view + options_.views * occurrence_[first + static_cast<std::size_t>(i)])},
                       row(view, i));
    });
  return volumes;
}

void Loader::work() {
  try {
    for (auto at = static_cast<std::size_t>(options_.first_batch * options_.batch_size); at < order_.size();) {
      const std::size_t size = std::min(static_cast<std::size_t>(options_.batch_size), order_.size() - at);
      Batch batch = make(at, size);
      at += size;
      std::unique_lock lock(mutex_);
      changed_.wait(
          lock, [this] { return stop_ || static_cast<Index>(ready_.size()) < std::max<Index>(options_.prefetch, 1); });
      if (stop_) return;
      ready_.push_back(std::move(batch));
      changed_.notify_all();
    }
  } catch (...) {
    const std::lock_guard lock(mutex_);
    problem_ = std::current_exception();
  }
  const std::lock_guard lock(mutex_);
  finished_ = true;
  changed_.notify_all();
}

}  // namespace cg
