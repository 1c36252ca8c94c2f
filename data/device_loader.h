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
  Index bytes() const { return all_.spec().size_bytes(); }

  /// What they would take.
  static Index bytes_of(const VolumeSource& source, DType dtype);

 private:
  Tensor all_;
  std::vector<Tensor> volumes_;
};

/// A device's memory for the batch that is used and the one that comes. Who trains keeps it from epoch to epoch, so
/// that none of them asks for memory. Used by one loader at a time.
class BatchBuffers {
 public:
  static constexpr Index number = 2;
  explicit BatchBuffers(Backend& backend) : buffers_{backend.upload_buffer(), backend.upload_buffer()} {}
  UploadBuffer& next() {
    at_ = 1 - at_;
    return *buffers_[at_];
  }

 private:
  std::unique_ptr<UploadBuffer> buffers_[number];
  int at_ = 0;
};

/// How a cohort's volumes come to a device.
struct DeviceWay {
  const DeviceVolumes* kept = nullptr;  ///< volumes that lie there already; null: none
  BatchBuffers* buffers = nullptr;      ///< where others are brought; null for a device without memory of its own
};

/// As Loader; batches come as tensors of the device, in order and content the same.
class DeviceLoader {
 public:
  /// Volumes that are augmented are never those kept.
  DeviceLoader(Backend& backend, const DeviceWay& way, VolumeSource& source, std::vector<Index> subjects,
               LoaderOptions options);

  /// The next batch, or none after the last. Its volumes stay as they are until the next call.
  std::optional<Batch> next();

 private:
  /// A batch, its volumes on their way.
  struct OnItsWay {
    Batch batch;
    UploadBuffer* volumes;
  };
  void fetch();

  const DeviceVolumes* kept_;
  BatchBuffers* buffers_;
  Loader loader_;
  std::optional<OnItsWay> ahead_;
};

}  // namespace cg
