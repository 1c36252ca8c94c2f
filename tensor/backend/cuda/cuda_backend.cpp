#include "tensor/backend/cuda/cuda_backend.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "tensor/backend/cuda/cuda_upload.h"
#include "tensor/backend/cuda/cudnn_version.h"
#include "tensor/backend/cuda/pinned_memory.h"
#include "tensor/backend/cuda/recording.h"
#include "tensor/error.h"

namespace cg::cuda {
namespace {

/// Throws (kind device) where no device can be used, in words.
void require_device() {
  int devices = 0;
  const auto status = cudaGetDeviceCount(&devices);
  if (status == cudaSuccess && devices > 0) return;
  CudaVersions versions{};
  cudaDriverGetVersion(&versions.driver);
  cudaRuntimeGetVersion(&versions.runtime);
  fail(ErrorKind::device, "cuda", why_no_device(static_cast<Answer>(status), cuda_error(status), versions),
       "Use --device cpu, or a machine with a GPU and its driver.");
}

}  // namespace

CudaBackend::CudaBackend(const EngineRule& rule) {
  refuse_faulty_cudnn(cudnnGetVersion());
  require_device();
  use("asking the GPU for its properties", [&] { return cudaGetDeviceProperties(&properties_, 0); });
  use("choosing the GPU", [] { return cudaSetDevice(0); });
  stream_ = make_stream();
  copy_stream_ = make_stream();
  pinned_ = std::make_shared<PinnedMemory>(state_);
  cudaStream_t stream = stream_.get();

  cudnnHandle_t cudnn = nullptr;
  state_->use("starting cuDNN", [&] { return cudnn_error(cudnnCreate(&cudnn)); });
  cudnn_ = guarded(cudnn, state_, cudnnDestroy);
  state_->use("giving cuDNN its stream", [&] { return cudnn_error(cudnnSetStream(cudnn, stream)); });
  convolutions_ = std::make_unique<ConvolutionPlanner>(cudnn, rule);

  cublasLtHandle_t cublas = nullptr;
  state_->use("starting cuBLAS", [&] { return cublas_error(cublasLtCreate(&cublas)); });
  cublas_ = guarded(cublas, state_, cublasLtDestroy);
  matrix_product_ = std::make_unique<MatrixProduct>(cublas, stream);
  finite_scratch_ = finite_scratch();
}

template <class CudaCall>
void CudaBackend::use(const std::string& what, const CudaCall& call) {
  state_->require();
  const cudaError_t status = call();
  if (status == cudaErrorMemoryAllocation) refuse_memory(what + " needs more");
  state_->use(what, [&] { return cuda_error(status); });
}

std::shared_ptr<CUstream_st> CudaBackend::make_stream() {
  cudaStream_t stream = nullptr;
  use("making a stream", [&] { return cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking); });
  return guarded(stream, state_, cudaStreamDestroy);
}

CudaBackend::CudaBackend(const DeviceProperties& device, const EngineRule& rule) {
  refuse_faulty_cudnn(cudnnGetVersion());
  convolutions_ = std::make_unique<ConvolutionPlanner>(device, rule);
  std::snprintf(properties_.name, sizeof properties_.name, "%s", std::string(device.name).c_str());
  properties_.major = device.major;
  properties_.minor = device.minor;
  properties_.multiProcessorCount = device.multiprocessors;
  properties_.totalGlobalMem = static_cast<std::size_t>(device.memory);
  state_->give_up(fmt::format("this backend only plans for {}", device.name), "Compute on a device that is there.");
}

CudaBackend::~CudaBackend() {
  // Freeing a plan may call the device.
  if (!state_->usable() && cudnn_) static_cast<void>(convolutions_.release());
}

std::string CudaBackend::description() const {
  return fmt::format("{}, {} multiprocessors, {:.0f} GB, sm_{}{}, cuDNN {}", properties_.name,
                     properties_.multiProcessorCount, static_cast<double>(properties_.totalGlobalMem) / 1e9,
                     properties_.major, properties_.minor, cudnn_version_name(cudnnGetVersion()));
}

std::shared_ptr<std::byte> CudaBackend::allocate(Index bytes) {
  state_->require();
  if (capturing_)
    fail(ErrorKind::usage, "GPU memory", "it is asked for by work that is being recorded",
         "Allocate it before, or when the work is done for the first time.");
  void* memory = nullptr;
  const auto size = static_cast<std::size_t>(std::max<Index>(bytes, 1));
  const auto status = cudaMalloc(&memory, size);
  if (status == cudaErrorMemoryAllocation)
    refuse_memory(fmt::format("asked for {:.2f} GB", static_cast<double>(size) / 1e9));
  state_->use("allocating memory", [&] { return cuda_error(status); });
  state_->held += bytes;
  return {static_cast<std::byte*>(memory), [state = state_, bytes](std::byte* p) {
            state->held -= bytes;
            if (state->usable()) cudaFree(p);
          }};
}

Index CudaBackend::free_bytes() const {
  std::size_t free = properties_.totalGlobalMem, total = 0;
  if (stream_) state_->use("asking for free memory", [&] { return cuda_error(cudaMemGetInfo(&free, &total)); });
  return static_cast<Index>(free);
}

void CudaBackend::refuse_memory(const std::string& asked) const {
  cudaGetLastError();  // it was reported: the next call shall not report it again
  std::size_t free = 0, total = 0;
  cudaMemGetInfo(&free, &total);
  fail(ErrorKind::memory, "GPU memory",
       refusal(asked, {state_->held.load(), static_cast<Index>(free), static_cast<Index>(total)}),
       "Lower train.batch_size or model.width, or end what else uses the GPU.");
}

void CudaBackend::start_copy(void* to, const void* from, Index bytes, cudaMemcpyKind kind) {
  use("copying memory",
      [&] { return cudaMemcpyAsync(to, from, static_cast<std::size_t>(bytes), kind, stream_.get()); });
}

void CudaBackend::copy(void* to, const void* from, Index bytes, cudaMemcpyKind kind) {
  start_copy(to, from, bytes, kind);
  if (!capturing_) synchronize();  // the host's memory may be reused at once
}

Tensor CudaBackend::host_tensor(const Spec& spec) { return {spec, Device::reference, pinned_->allocate(spec.bytes())}; }

void CudaBackend::to_device(const Tensor& host, Tensor& device) {
  copy(device.bytes(), host.bytes(), host.spec().bytes(), cudaMemcpyHostToDevice);
}

void CudaBackend::to_host(const Tensor& device, Tensor& host) {
  copy(host.bytes(), device.bytes(), device.spec().bytes(), cudaMemcpyDeviceToHost);
}

Tensor CudaBackend::join(std::span<const Tensor> parts, Tensor& place) {
  const Spec spec = joined(parts);
  if (!place) place = tensor(spec);
  if (place.spec() != spec)
    fail(ErrorKind::usage, "joining tensors",
         fmt::format("{} {} in the place of {} {}", name_of(spec.dtype), to_string(spec.shape), name_of(place.dtype()),
                     to_string(place.shape())),
         "Hand in a place of that type and shape.");
  bool waits = false;
  std::byte* at = place.bytes();
  for (const Tensor& part : parts) {
    const bool here = part.device() == Device::cuda;
    start_copy(at, part.bytes(), part.spec().bytes(), here ? cudaMemcpyDeviceToDevice : cudaMemcpyHostToDevice);
    waits |= !here;
    at += part.spec().bytes();
  }
  if (waits) synchronize();
  return place;
}

std::unique_ptr<Upload> CudaBackend::upload(const Tensor& host, Tensor& device) {
  return std::make_unique<CudaUpload>(state_, CudaUpload::Streams{stream_.get(), copy_stream_.get()}, host, device);
}

Tensor CudaBackend::from_host(const Tensor& host) {
  Tensor out = tensor(host.spec());
  to_device(host, out);
  return out;
}

void CudaBackend::fill_zero(Tensor& tensor) {
  const auto bytes = static_cast<std::size_t>(tensor.spec().bytes());
  use("filling memory", [&] { return cudaMemsetAsync(tensor.bytes(), 0, bytes, stream_.get()); });
}

void CudaBackend::synchronize() {
  use("computing", [&] { return cudaStreamSynchronize(stream_.get()); });
}

std::unique_ptr<Recording> CudaBackend::recording() { return std::make_unique<GraphRecording<CudaBackend>>(*this); }

void CudaBackend::begin_capture() {
  // Only this thread's calls are looked at: the loader may ask for memory meanwhile.
  use("recording a step", [&] { return cudaStreamBeginCapture(stream_.get(), cudaStreamCaptureModeThreadLocal); });
  capturing_ = true;
}

CudaBackend::Graph CudaBackend::end_capture() {
  capturing_ = false;
  cudaGraph_t noted = nullptr;
  use("recording a step", [&] { return cudaStreamEndCapture(stream_.get(), &noted); });
  const auto graph = guarded(noted, state_, cudaGraphDestroy);
  cudaGraphExec_t ready = nullptr;
  use("making a CUDA graph of a step", [&] { return cudaGraphInstantiate(&ready, noted, 0); });
  return guarded(ready, state_, cudaGraphExecDestroy);
}

void CudaBackend::abandon_capture() {
  capturing_ = false;
  if (!state_->usable()) return;
  cudaGraph_t noted = nullptr;
  cudaStreamEndCapture(stream_.get(), &noted);
  if (noted) cudaGraphDestroy(noted);
  cudaGetLastError();  // why it was abandoned is known
}

void CudaBackend::launch(const Graph& graph) {
  use("repeating a step", [&] { return cudaGraphLaunch(graph.get(), stream_.get()); });
}

void CudaBackend::check_launch(std::string_view kernel) {
  use("starting the kernel " + std::string(kernel), [] { return cudaGetLastError(); });
}

void CudaBackend::run(const ConvolutionPlan& plan, void* x, void* w, void* y, void* workspace) {
  state_->use("a convolution of cuDNN", [&] { return plan.run(cudnn_.get(), x, w, y, workspace); });
}

void CudaBackend::multiply(const Matrix& a, const Matrix& b, float* c) {
  state_->use("a matrix product of cuBLAS", [&] { return matrix_product_->multiply(a, b, c); });
}

}  // namespace cg::cuda
