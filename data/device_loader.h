// The way of a cohort's volumes to the device that computes. Where nothing changes them and they are few, all of them
// stay there; else each batch is copied while the step before it computes. Read next: loader.h.
#pragma once

#include <memory>

#include "data/loader.h"
#include "tensor/backend.h"

namespace cg {

/// All normalised maps of a cohort in a device's memory, in one type.
class DeviceVolumes {
 public:
  DeviceVolumes(Backend& backend, VolumeSource& source, DType dtype);
  const Tensor& volume(Index subject) const {
    return volumes_[static_cast<std::size_t>(subject)];
  }  ///< [1, D, H, W, 1]
  Index bytes() const { return all_.spec().bytes(); }

  /// Whether a device with memory of its own should keep them: they take no more than an eighth of what is free, so
  /// that they never decide which batch fits.
  static bool fit(const Backend& backend, const VolumeSource& source, DType dtype);

 private:
  Tensor all_;
  std::vector<Tensor> volumes_;
};

/// As Loader; batches come as tensors of the device, in order and content the same.
class DeviceLoader {
 public:
  static constexpr Index places = 2;  ///< batches in the device's memory: the one that is used, and the one that comes

  /// `kept`: volumes on the device in the place of those read; null, or with an augmentation: none.
  DeviceLoader(Backend& backend, const DeviceVolumes* kept, VolumeSource& source, std::vector<Index> subjects,
               LoaderOptions options);

  /// The next batch, or none after the last. Its volumes stay as they are until the next call.
  std::optional<Batch> next();

 private:
  /// A batch, its volumes on their way.
  struct OnItsWay {
    Batch batch;
    std::unique_ptr<Upload> volumes;
  };
  void fetch();

  Backend& backend_;
  const DeviceVolumes* kept_;
  Loader loader_;
  Tensor places_[places];
  int place_ = 0;
  std::optional<OnItsWay> used_, ahead_;
};

}  // namespace cg
