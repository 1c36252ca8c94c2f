// SPDX-License-Identifier: Apache-2.0
#include "data/device_loader.h"

namespace cg {
namespace {

Spec spec_of_one(const VolumeSource& source, DType dtype) {
  const Shape v = source.dataset().volume_shape();
  return {{1, v[0], v[1], v[2], 1}, dtype};
}

LoaderOptions for_device(LoaderOptions options, Backend& backend, bool reads) {
  options.reads_volumes = reads;
  options.device = &backend;
  return options;
}

}  // namespace

DeviceVolumes::DeviceVolumes(Backend& backend, VolumeSource& source, DType dtype) {
  const Spec one = spec_of_one(source, dtype);
  const Index subjects = source.dataset().size();
  Spec all = one;
  all.shape[0] = subjects;
  all_ = backend.tensor(all);
  Tensor volume = backend.host_tensor(one);
  std::vector<float> values(static_cast<std::size_t>(source.voxels()));
  for (Index subject = 0; subject < subjects; ++subject) {
    source.read(subject, values);
    with_type(dtype, [&]<class T>() {
      const auto to = volume.data<T>();
#pragma omp parallel for simd schedule(static)
      for (std::size_t k = 0; k < values.size(); ++k) to[k] = static_cast<T>(values[k]);
    });
    volumes_.push_back(all_.part(one, subject * one.size_bytes()));
    backend.to_device(volume, volumes_.back());
  }
}

Index DeviceVolumes::bytes_of(const VolumeSource& source, DType dtype) {
  return source.dataset().size() * spec_of_one(source, dtype).size_bytes();
}

DeviceLoader::DeviceLoader(Backend& backend, const DeviceWay& way, VolumeSource& source, std::vector<Index> subjects,
                           LoaderOptions options)
    : kept_(options.augment ? nullptr : way.kept),
      buffers_(way.buffers),
      loader_(source, std::move(subjects), for_device(std::move(options), backend, !kept_)) {}

std::optional<Batch> DeviceLoader::next() {
  if (kept_) {
    auto batch = loader_.next();
    if (batch)
      for (const Index subject : batch->subjects) batch->volumes.push_back(kept_->volume(subject));
    return batch;
  }
  if (!buffers_) return loader_.next();
  if (!ahead_) fetch();
  if (!ahead_) return std::nullopt;
  Batch batch = std::move(ahead_->batch);
  batch.volumes = {ahead_->volumes->take()};
  ahead_.reset();
  if (loader_.ready()) fetch();
  return batch;
}

/// Starts the copy of the loader's next batch, if there is one.
void DeviceLoader::fetch() {
  auto batch = loader_.next();
  if (!batch) return;
  UploadBuffer& buffer = buffers_->next();
  buffer.start(batch->volumes.at(0));
  ahead_ = {std::move(*batch), &buffer};
}

}  // namespace cg
