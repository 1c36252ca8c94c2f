// SPDX-License-Identifier: Apache-2.0
#include "tensor/backend/cuda/cuda_backend.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "tensor/backend/cuda/device/architectures.h"
#include "tensor/backend/cuda/device/captured_graph.h"
#include "tensor/backend/cuda/device/cuda_upload.h"
#include "tensor/backend/cuda/device/cudnn_version.h"
#include "tensor/backend/cuda/device/pinned_memory.h"
#include "tensor/backend/cuda/library/known_engines.h"
#include "tensor/error.h"

namespace cg::cuda {
namespace {

/// The traits of every GPU.
DeviceTraits known_traits() {
  return {.device = Device::cuda,
          .description = "",
          .has_own_memory = true,
          .reads_bfloat16_copies = true,
          .warm_up_steps = 2};
}

CudaVersions versions() {
  CudaVersions found{};
  cudaDriverGetVersion(&found.driver);
  cudaRuntimeGetVersion(&found.runtime);
  return found;
}

}  // namespace

std::string CudaBackend::why_none(const std::string& architectures) {
  if (const std::string why = why_faulty(cudnnGetVersion()); !why.empty()) return why;
  int devices = 0;
  const auto status = cudaGetDeviceCount(&devices);
  if (status == cudaSuccess && devices > 0) {
    int major = 0, minor = 0;
    cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, 0);
    cudaDeviceGetAttribute(&minor, cudaDevAttrComputeCapabilityMinor, 0);
    if (runs_on(10 * major + minor, architectures)) return "";
    return fmt::format("the GPU is of compute capability {}.{}, and this build is for {}", major, minor, architectures);
  }
  const std::string why = why_no_device(static_cast<Status>(status), in_words(status), versions());
  if (status != cudaSuccess && !has_no_device(static_cast<Status>(status)))
    fail(ErrorKind::device, "cuda", "the GPU does not respond: " + why, "Use --device cpu, or repair the driver.");
  return why;
}

CudaBackend::CudaBackend(const EngineRule& rule) : Backend(known_traits()) {
  use("asking the GPU for its properties", [&] { return cudaGetDeviceProperties(&properties_, 0); });
  describe_device();
  use("choosing the GPU", [] { return cudaSetDevice(0); });
  stream_ = make_stream();
  copy_stream_ = make_stream();
  pinned_ = std::make_shared<PinnedMemory>(state_);
  cudaStream_t stream = stream_.get();

  cudnnHandle_t cudnn = nullptr;
  use("starting cuDNN", [&] { return cudnnCreate(&cudnn); });
  cudnn_ = guarded(cudnn, state_, cudnnDestroy);
  use("setting the stream of cuDNN", [&] { return cudnnSetStream(cudnn, stream); });
  convolutions_ =
      std::make_unique<ConvolutionPlanner>(cudnn, rule, known_engines(properties_.major, properties_.minor));

  cublasLtHandle_t cublas = nullptr;
  use("starting cuBLAS", [&] { return cublasLtCreate(&cublas); });
  cublas_ = guarded(cublas, state_, cublasLtDestroy);
  matrix_product_ = std::make_unique<MatrixProduct>(cublas, stream);
  finite_scratch_ = finite_scratch();
}

/// Libraries do not always report that memory is missing, for example when a kernel's code is loaded. CUDA's own last
/// error then says so, or, for libraries with a CUDA runtime of their own, the little memory that is free.
template <class LibraryCall>
void CudaBackend::use(const std::string& what, const LibraryCall& call) {
  state_->require();
  const auto status = call();
  const std::string error = in_words(status);
  if (!error.empty() && capturing_) throw CaptureRefused{what + " failed: " + error};
  if (!error.empty() &&
      (lacks_memory(status) || cudaPeekAtLastError() == cudaErrorMemoryAllocation || is_nearly_full()))
    refuse_memory(what + " needs more memory");
  state_->use(what, [&] { return error; });
}

std::shared_ptr<CUstream_st> CudaBackend::make_stream() {
  cudaStream_t stream = nullptr;
  use("creating a stream", [&] { return cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking); });
  return guarded(stream, state_, cudaStreamDestroy);
}

CudaBackend::CudaBackend(const DeviceProperties& device, const EngineRule& rule) : Backend(known_traits()) {
  refuse_faulty_cudnn(cudnnGetVersion());
  convolutions_ = std::make_unique<ConvolutionPlanner>(device, rule, known_engines(device.major, device.minor));
  std::snprintf(properties_.name, sizeof properties_.name, "%s", std::string(device.name).c_str());
  properties_.major = device.major;
  properties_.minor = device.minor;
  properties_.multiProcessorCount = device.multiprocessors;
  properties_.totalGlobalMem = static_cast<std::size_t>(device.memory);
  describe_device();
  state_->give_up(fmt::format("this backend only plans for {}", device.name), "Compute on a machine with the device.");
}

CudaBackend::~CudaBackend() {
  // Freeing a plan may call the device.
  if (!state_->usable() && cudnn_) static_cast<void>(convolutions_.release());
}

/// The traits that follow from the device's properties.
void CudaBackend::describe_device() {
  traits_.description =
      fmt::format("{}, {} multiprocessors, {:.0f} GB, sm_{}{}, cuDNN {}", properties_.name,
                  properties_.multiProcessorCount, static_cast<double>(properties_.totalGlobalMem) / 1e9,
                  properties_.major, properties_.minor, cudnn_version_name(cudnnGetVersion()));
  if (const std::string file = engines_file(); !file.empty()) traits_.description += ", engines of " + file;
  traits_.prefers_bfloat16 = properties_.major >= 8;
}

std::shared_ptr<std::byte> CudaBackend::allocate(Index bytes) {
  state_->require();
  if (capturing_) throw CaptureRefused{"the work asks for memory while it is captured"};
  void* memory = nullptr;
  const auto size = static_cast<std::size_t>(std::max<Index>(bytes, 1));
  const auto status = cudaMalloc(&memory, size);
  if (status == cudaErrorMemoryAllocation)
    refuse_memory(fmt::format("asked for {:.2f} GB", static_cast<double>(size) / 1e9));
  state_->use("allocating memory", [&] { return in_words(status); });
  state_->held += bytes;
  return {static_cast<std::byte*>(memory), [state = state_, bytes](std::byte* p) {
            state->held -= bytes;
            if (state->usable()) cudaFree(p);
          }};
}

/// Whether the device answers and has less memory left than the code of a library's kernels needs.
bool CudaBackend::is_nearly_full() const {
  std::size_t free = 0, total = 0;
  return cudaMemGetInfo(&free, &total) == cudaSuccess && leaves_no_room(static_cast<Index>(free));
}

Index CudaBackend::free_bytes() const {
  std::size_t free = properties_.totalGlobalMem, total = 0;
  if (stream_) state_->use("asking for free memory", [&] { return in_words(cudaMemGetInfo(&free, &total)); });
  return static_cast<Index>(free);
}

void CudaBackend::refuse_memory(const std::string& asked) const {
  cudaGetLastError();  // it was reported: the next call shall not report it again
  std::size_t free = 0, total = 0;
  cudaMemGetInfo(&free, &total);
  fail(ErrorKind::memory, "GPU memory",
       refusal(asked, {state_->held.load(), static_cast<Index>(free), static_cast<Index>(total)}),
       "Lower train.batch_size or model.width, or stop other programs that use the GPU.");
}

void CudaBackend::start_copy(void* to, const void* from, Index bytes, cudaMemcpyKind kind) {
  use("copying memory",
      [&] { return cudaMemcpyAsync(to, from, static_cast<std::size_t>(bytes), kind, stream_.get()); });
}

void CudaBackend::copy(void* to, const void* from, Index bytes, cudaMemcpyKind kind) {
  start_copy(to, from, bytes, kind);
  if (!capturing_) synchronize();  // the host's memory may be reused at once
}

Tensor CudaBackend::host_tensor(const Spec& spec) {
  return {spec, Device::reference, pinned_->allocate(spec.size_bytes())};
}

void CudaBackend::to_device(const Tensor& host, Tensor& device) {
  copy(device.raw(), host.raw(), host.spec().size_bytes(), cudaMemcpyHostToDevice);
}

void CudaBackend::to_host(const Tensor& device, Tensor& host) {
  copy(host.raw(), device.raw(), device.spec().size_bytes(), cudaMemcpyDeviceToHost);
}

Tensor CudaBackend::concatenate(std::span<const Tensor> parts, Tensor& buffer) {
  const Spec spec = concatenated(parts);
  if (!buffer) buffer = tensor(spec);
  if (buffer.spec() != spec)
    fail(ErrorKind::usage, "concatenating tensors",
         fmt::format("the result is {} {}, but the buffer is {} {}", name_of(spec.dtype), to_string(spec.shape),
                     name_of(buffer.dtype()), to_string(buffer.shape())),
         "Pass a buffer with the type and shape of the result.");
  const auto fits = [&](const Tensor& part) { return part.device() == Device::cuda && part.spec() == parts[0].spec(); };
  if (parts.size() > 1 && std::ranges::all_of(parts, fits)) {
    gather(parts, buffer);
    return buffer;
  }
  bool waits = false;
  std::byte* at = buffer.raw();
  for (const Tensor& part : parts) {
    const bool here = part.device() == Device::cuda;
    start_copy(at, part.raw(), part.spec().size_bytes(), here ? cudaMemcpyDeviceToDevice : cudaMemcpyHostToDevice);
    waits |= !here;
    at += part.spec().size_bytes();
  }
  if (waits) synchronize();
  return buffer;
}

std::unique_ptr<UploadBuffer> CudaBackend::upload_buffer() {
  return std::make_unique<CudaUploadBuffer>(*this, state_,
                                            CudaUploadBuffer::Streams{stream_.get(), copy_stream_.get()});
}

Tensor CudaBackend::from_host(const Tensor& host) {
  Tensor out = tensor(host.spec());
  to_device(host, out);
  return out;
}

void CudaBackend::fill_zero(Tensor& tensor) {
  const auto bytes = static_cast<std::size_t>(tensor.spec().size_bytes());
  use("filling memory", [&] { return cudaMemsetAsync(tensor.raw(), 0, bytes, stream_.get()); });
}

void CudaBackend::synchronize() {
  use("computing", [&] { return cudaStreamSynchronize(stream_.get()); });
}

namespace {

class CudaEvent : public DeviceEvent {
 public:
  CudaEvent(std::shared_ptr<CUevent_st> event, std::shared_ptr<DeviceState> state)
      : event_(std::move(event)), state_(std::move(state)) {}
  double since(const DeviceEvent& earlier) const override {
    float milliseconds = 0;
    state_->use("reading the time of an event", [&] {
      return in_words(
          cudaEventElapsedTime(&milliseconds, static_cast<const CudaEvent&>(earlier).event_.get(), event_.get()));
    });
    return static_cast<double>(milliseconds) / 1e3;
  }

 private:
  std::shared_ptr<CUevent_st> event_;
  std::shared_ptr<DeviceState> state_;
};

}  // namespace

std::unique_ptr<DeviceEvent> CudaBackend::record_event() {
  cudaEvent_t event = nullptr;
  use("creating an event", [&] { return cudaEventCreate(&event); });
  auto held = guarded(event, state_, cudaEventDestroy);
  use("recording an event", [&] { return cudaEventRecord(held.get(), stream_.get()); });
  return std::make_unique<CudaEvent>(std::move(held), state_);
}

std::unique_ptr<CapturedGraph> CudaBackend::captured_graph() {
  return std::make_unique<GraphCapture<CudaBackend>>(*this);
}

void CudaBackend::refuse_captures(const std::string& why) {
  captures_ = false;
  capture_refusal_ = why;
}

void CudaBackend::begin_capture() {
  capturing_ = true;
  // Only this thread's calls are looked at: the loader may ask for memory meanwhile.
  use("capturing a step", [&] { return cudaStreamBeginCapture(stream_.get(), cudaStreamCaptureModeThreadLocal); });
}

CudaBackend::Graph CudaBackend::end_capture() {
  cudaGraph_t noted = nullptr;
  use("capturing a step", [&] { return cudaStreamEndCapture(stream_.get(), &noted); });
  const auto graph = guarded(noted, state_, cudaGraphDestroy);
  cudaGraphExec_t ready = nullptr;
  use("creating the CUDA graph of a step", [&] { return cudaGraphInstantiate(&ready, noted, 0); });
  capturing_ = false;
  return guarded(ready, state_, cudaGraphExecDestroy);
}

void CudaBackend::abandon_capture() {
  capturing_ = false;
  if (!state_->usable()) return;
  cudaStreamCaptureStatus status = cudaStreamCaptureStatusNone;
  if (cudaStreamIsCapturing(stream_.get(), &status) == cudaSuccess && status != cudaStreamCaptureStatusNone) {
    cudaGraph_t noted = nullptr;
    cudaStreamEndCapture(stream_.get(), &noted);  // a capture that became invalid is ended too
    if (noted) cudaGraphDestroy(noted);
  }
  cudaGetLastError();  // why it was abandoned is known
}

void CudaBackend::launch(const Graph& graph) {
  use("launching the graph of a step", [&] { return cudaGraphLaunch(graph.get(), stream_.get()); });
}

void CudaBackend::check_launch(std::string_view kernel) {
  use("starting the kernel " + std::string(kernel), [] { return cudaGetLastError(); });
}

const ConvolutionPlan& CudaBackend::plan(const ConvolutionProblem& problem) {
  try {
    return convolutions_->plan(problem);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::memory) throw;
    refuse_memory("planning a convolution needs more memory (" + error.found() + ")");
  }
}

std::vector<ConvolutionPlan> CudaBackend::candidates(const ConvolutionProblem& problem) const {
  return convolutions_->candidates(problem);
}

void CudaBackend::run(const ConvolutionPlan& plan, void* x, void* w, void* y, void* workspace) {
  use("a convolution of cuDNN", [&] { return plan.run(cudnn_.get(), x, w, y, workspace); });
}

void CudaBackend::multiply(const Matrix& a, const Matrix& b, float* c) {
  use("a matrix product of cuBLAS", [&] { return matrix_product_->multiply(a, b, c); });
}

}  // namespace cg::cuda
