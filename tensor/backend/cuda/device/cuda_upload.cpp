// SPDX-License-Identifier: Apache-2.0
#include "tensor/backend/cuda/device/cuda_upload.h"

namespace cg::cuda {
namespace {

std::shared_ptr<CUevent_st> make_event(const std::shared_ptr<DeviceState>& state) {
  cudaEvent_t event = nullptr;
  state->use("making an event", [&] { return in_words(cudaEventCreateWithFlags(&event, cudaEventDisableTiming)); });
  return guarded(event, state, cudaEventDestroy);
}

}  // namespace

CudaUploadBuffer::CudaUploadBuffer(Backend& backend, std::shared_ptr<DeviceState> state, const Streams& streams)
    : UploadBuffer(backend),
      state_(std::move(state)),
      streams_(streams),
      free_(make_event(state_)),
      done_(make_event(state_)) {}

void CudaUploadBuffer::copy(const Tensor& host, Tensor& device) {
  finish();
  host_ = host;
  const auto use = [&](const auto& call) { state_->use("uploading a batch", [&] { return in_words(call()); }); };
  use([&] { return cudaEventRecord(free_.get(), streams_.compute); });
  use([&] { return cudaStreamWaitEvent(streams_.copy, free_.get(), 0); });
  use([&] {
    return cudaMemcpyAsync(device.raw(), host.raw(), static_cast<std::size_t>(host.spec().size_bytes()),
                           cudaMemcpyHostToDevice, streams_.copy);
  });
  use([&] { return cudaEventRecord(done_.get(), streams_.copy); });
}

Tensor CudaUploadBuffer::take() {
  state_->use("waiting for a batch", [&] { return in_words(cudaStreamWaitEvent(streams_.compute, done_.get(), 0)); });
  return UploadBuffer::take();
}

/// Whoever gets the host's memory next may write it at once. An event that was never recorded is not waited for.
void CudaUploadBuffer::finish() {
  state_->use("uploading a batch", [&] { return in_words(cudaEventSynchronize(done_.get())); });
}

CudaUploadBuffer::~CudaUploadBuffer() {
  if (state_->usable()) cudaEventSynchronize(done_.get());
}

}  // namespace cg::cuda
