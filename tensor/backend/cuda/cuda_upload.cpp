#include "tensor/backend/cuda/cuda_upload.h"

namespace cg::cuda {
namespace {

std::shared_ptr<CUevent_st> make_event(const std::shared_ptr<DeviceState>& state) {
  cudaEvent_t event = nullptr;
  state->use("making an event", [&] { return cuda_error(cudaEventCreateWithFlags(&event, cudaEventDisableTiming)); });
  return guarded(event, state, cudaEventDestroy);
}

}  // namespace

CudaUpload::CudaUpload(std::shared_ptr<DeviceState> state, const Streams& streams, const Tensor& host,
                       const Tensor& device)
    : Upload(device),
      state_(std::move(state)),
      streams_(streams),
      host_(host),
      free_(make_event(state_)),
      done_(make_event(state_)) {
  const auto use = [&](const auto& call) { state_->use("uploading a batch", [&] { return cuda_error(call()); }); };
  use([&] { return cudaEventRecord(free_.get(), streams.compute); });
  use([&] { return cudaStreamWaitEvent(streams.copy, free_.get(), 0); });
  use([&] {
    return cudaMemcpyAsync(device.bytes(), host.bytes(), static_cast<std::size_t>(host.spec().bytes()),
                           cudaMemcpyHostToDevice, streams.copy);
  });
  use([&] { return cudaEventRecord(done_.get(), streams.copy); });
}

Tensor CudaUpload::take() {
  state_->use("waiting for a batch", [&] { return cuda_error(cudaStreamWaitEvent(streams_.compute, done_.get(), 0)); });
  return Upload::take();
}

CudaUpload::~CudaUpload() {
  if (state_->usable()) cudaEventSynchronize(done_.get());  // whoever gets the host's memory next may write it at once
}

}  // namespace cg::cuda
