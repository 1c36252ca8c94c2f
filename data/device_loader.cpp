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
    volumes_.push_back(all_.part(one, subject * one.bytes()));
    backend.to_device(volume, volumes_.back());
  }
}

bool DeviceVolumes::fit(const Backend& backend, const VolumeSource& source, DType dtype) {
  return backend.has_own_memory() &&
         source.dataset().size() * spec_of_one(source, dtype).bytes() <= backend.free_bytes() / 8;
}

DeviceLoader::DeviceLoader(Backend& backend, const DeviceVolumes* kept, VolumeSource& source,
                           std::vector<Index> subjects, LoaderOptions options)
    : backend_(backend),
      kept_(options.augment ? nullptr : kept),
      loader_(source, std::move(subjects), for_device(std::move(options), backend, !kept_)) {}

std::optional<Batch> DeviceLoader::next() {
  if (kept_) {
    auto batch = loader_.next();
    if (batch)
      for (const Index subject : batch->subjects) batch->volumes.push_back(kept_->volume(subject));
    return batch;
  }
  if (!backend_.has_own_memory()) return loader_.next();
  used_.reset();
  if (!ahead_) fetch();
  if (!ahead_) return std::nullopt;
  used_ = std::move(ahead_);
  ahead_.reset();
  Batch batch = std::move(used_->batch);
  batch.volumes = {used_->volumes->take()};
  if (loader_.ready()) fetch();
  return batch;
}

/// Starts to copy the loader's next batch, if there is one.
void DeviceLoader::fetch() {
  auto batch = loader_.next();
  if (!batch) return;
  const Tensor host = batch->volumes.at(0);
  Tensor& place = places_[place_];
  place_ = 1 - place_;
  if (!place || place.spec().bytes() < host.spec().bytes()) place = backend_.tensor(host.spec());
  Tensor part = place.part(host.spec(), 0);
  ahead_ = {std::move(*batch), backend_.upload(host, part)};
}

}  // namespace cg
