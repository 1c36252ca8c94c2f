#include "tensor/backend/cuda/cuda_backend.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "tensor/backend/cuda/cudnn_version.h"
#include "tensor/error.h"

namespace cg::cuda {
namespace {

double gigabytes(std::size_t bytes) { return static_cast<double>(bytes) / 1e9; }

std::string version(int number) { return fmt::format("{}.{}", number / 1000, number % 1000 / 10); }

/// In words; empty where nothing failed.
std::string cuda_error(cudaError_t status) {
  if (status == cudaSuccess) return "";
  return fmt::format("{} ({})", cudaGetErrorString(status), cudaGetErrorName(status));
}

/// Throws (kind device) where no device can be used, in words.
void require_device() {
  int devices = 0;
  const auto status = cudaGetDeviceCount(&devices);
  if (status == cudaSuccess && devices > 0) return;
  int driver = 0, runtime = 0;
  cudaDriverGetVersion(&driver);
  cudaRuntimeGetVersion(&runtime);
  std::string what = cuda_error(status);
  if (status == cudaErrorInsufficientDriver && driver > 0)
    what = fmt::format("the NVIDIA driver is too old: it serves CUDA {}, this program needs {}", version(driver),
                       version(runtime));
  if (status == cudaErrorNoDevice || status == cudaSuccess) what = "no NVIDIA device is visible";
  if (status == cudaErrorStubLibrary) what = "the NVIDIA driver that was found is a stub for building, not a driver";
  fail(ErrorKind::device, "cuda", what, "Use --device cpu, or a machine with a GPU and its driver.");
}

/// A library's handle that is closed only while the device answers.
template <class T, class Close>
std::shared_ptr<T> guarded(T* handle, const std::shared_ptr<DeviceState>& state, const Close& close) {
  return {handle, [state, close](T* h) {
            if (state->usable()) close(h);
          }};
}

}  // namespace

CudaBackend::CudaBackend(const EngineRule& rule) {
  refuse_faulty_cudnn(cudnnGetVersion());
  require_device();
  const auto use = [&](const std::string& what, const auto& call) {
    state_->use(what, [&] { return cuda_error(call()); });
  };
  use("asking the GPU for its properties", [&] { return cudaGetDeviceProperties(&properties_, 0); });
  use("choosing the GPU", [] { return cudaSetDevice(0); });
  cudaStream_t stream = nullptr;
  use("making a stream", [&] { return cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking); });
  stream_ = guarded(stream, state_, cudaStreamDestroy);

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
                     properties_.multiProcessorCount, gigabytes(properties_.totalGlobalMem), properties_.major,
                     properties_.minor, cudnn_version_name(cudnnGetVersion()));
}

std::shared_ptr<std::byte> CudaBackend::allocate(Index bytes) {
  state_->require();
  void* memory = nullptr;
  const auto size = static_cast<std::size_t>(std::max<Index>(bytes, 1));
  const auto status = cudaMalloc(&memory, size);
  if (status == cudaErrorMemoryAllocation) refuse_memory(size);
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

void CudaBackend::refuse_memory(std::size_t asked) const {
  cudaGetLastError();  // it was reported: the next call shall not report it again
  std::size_t free = 0, total = 0;
  cudaMemGetInfo(&free, &total);
  fail(ErrorKind::memory, "GPU memory",
       fmt::format("asked for {:.2f} GB, holding {:.2f} GB, {:.2f} GB are free of {:.2f} GB", gigabytes(asked),
                   gigabytes(static_cast<std::size_t>(state_->held.load())), gigabytes(free), gigabytes(total)),
       "Lower train.batch_size or model.width, or end what else uses the GPU.");
}

void CudaBackend::copy(void* to, const void* from, Index bytes, cudaMemcpyKind kind) {
  state_->use("copying memory", [&] {
    return cuda_error(cudaMemcpyAsync(to, from, static_cast<std::size_t>(bytes), kind, stream_.get()));
  });
  synchronize();  // the host's memory may be reused at once
}

void CudaBackend::to_device(const Tensor& host, Tensor& device) {
  copy(device.bytes(), host.bytes(), host.spec().bytes(), cudaMemcpyHostToDevice);
}

void CudaBackend::to_host(const Tensor& device, Tensor& host) {
  copy(host.bytes(), device.bytes(), device.spec().bytes(), cudaMemcpyDeviceToHost);
}

Tensor CudaBackend::from_host(const Tensor& host) {
  Tensor out = tensor(host.spec());
  to_device(host, out);
  return out;
}

void CudaBackend::fill_zero(Tensor& tensor) {
  state_->use("filling memory", [&] {
    const auto bytes = static_cast<std::size_t>(tensor.spec().bytes());
    return cuda_error(cudaMemsetAsync(tensor.bytes(), 0, bytes, stream_.get()));
  });
}

void CudaBackend::synchronize() {
  state_->use("computing", [&] { return cuda_error(cudaStreamSynchronize(stream_.get())); });
}

void CudaBackend::check_launch(std::string_view kernel) {
  state_->use("starting the kernel " + std::string(kernel), [] { return cuda_error(cudaGetLastError()); });
}

void CudaBackend::run(const ConvolutionPlan& plan, void* x, void* w, void* y, void* workspace) {
  state_->use("a convolution of cuDNN", [&] { return plan.run(cudnn_.get(), x, w, y, workspace); });
}

void CudaBackend::multiply(const Matrix& a, const Matrix& b, float* c) {
  state_->use("a matrix product of cuBLAS", [&] { return matrix_product_->multiply(a, b, c); });
}

}  // namespace cg::cuda
