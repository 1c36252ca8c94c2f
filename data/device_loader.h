// SPDX-License-Identifier: Apache-2.0
// Brings a cohort's volumes to the device that computes. If nothing changes the volumes and they are few, all of them
// stay there. Otherwise each batch is copied while the step before it computes. Read next: loader.h.
#pragma once

#include <memory>

#include "data/loader.h"
#include "tensor/backend.h"

namespace cg {

/// All normalised maps of a cohort in a device's memory, in one data type.
class DeviceVolumes {
 public:
  DeviceVolumes(Backend& backend, VolumeSource& source, DType dtype);
  const Tensor& volume(Index subject) const {
    return volumes_[static_cast<std::size_t>(subject)];
  }  ///< [1, D, H, W, 1]
  Index bytes() const { return all_.spec().size_bytes(); }

  /// The bytes that they would take.
  static Index bytes_of(const VolumeSource& source, DType dtype);

 private:
  Tensor all_;
  std::vector<Tensor> volumes_;
};

/// A device's memory for two batches: the one in use and the next one. The trainer keeps it from epoch to epoch, so
/// that no epoch allocates memory. One loader uses it at a time.
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

/// How a cohort's volumes get to a device.
struct DeviceWay {
  const DeviceVolumes* kept = nullptr;  ///< volumes that are there already; null: none are
  BatchBuffers* buffers = nullptr;      ///< the memory for copies; null for a device without memory of its own
};

/// As Loader, with the same order and content. Batches are tensors of the device.
class DeviceLoader {
 public:
  /// The kept volumes are not used if `options` has an augmentation.
  DeviceLoader(Backend& backend, const DeviceWay& way, VolumeSource& source, std::vector<Index> subjects,
               LoaderOptions options);

  /// The next batch, or no value after the last one. Its volumes stay valid until the next call.
  std::optional<Batch> next();

 private:
  /// A batch whose volumes are being copied.
  struct PendingBatch {
    Batch batch;
    UploadBuffer* volumes;
  };
  void fetch();

  const DeviceVolumes* kept_;
  BatchBuffers* buffers_;
  Loader loader_;
  std::optional<PendingBatch> ahead_;
};

}  // namespace cg
