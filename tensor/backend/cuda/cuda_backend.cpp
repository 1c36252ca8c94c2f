#include "tensor/backend/cuda/cuda_backend.h"

#include <fmt/format.h>

#include "tensor/error.h"

namespace cg::cuda {
namespace {

double gigabytes(std::size_t bytes) { return static_cast<double>(bytes) / 1e9; }

std::string version(int number) { return fmt::format("{}.{}", number / 1000, number % 1000 / 10); }

/// Why no device can be used, in words.
[[noreturn]] void refuse(cudaError_t status) {
  int driver = 0, runtime = 0;
  cudaDriverGetVersion(&driver);
  cudaRuntimeGetVersion(&runtime);
  std::string what = cudaGetErrorString(status);
  if (status == cudaErrorInsufficientDriver)
    what = driver == 0 ? "this machine has no NVIDIA driver"
                       : fmt::format("the NVIDIA driver is too old: it serves CUDA {}, this program needs {}",
                                     version(driver), version(runtime));
  if (status == cudaErrorNoDevice) what = "this machine has no NVIDIA device that may be used";
  fail(ErrorKind::device, "cuda", what, "Use --device cpu, or a machine with a GPU and its driver.");
}

}  // namespace

void Health::check(cudaError_t status, std::string_view where) {
  if (lost_) fail(ErrorKind::device, std::string(where), "the GPU was lost before");
  if (status == cudaSuccess) return;
  lost_ = true;
  fail(ErrorKind::device, std::string(where),
       fmt::format("{} ({})", cudaGetErrorString(status), cudaGetErrorName(status)),
       "Look at the system's log for the driver's messages, then start again from the last checkpoint.");
}

CudaBackend::CudaBackend() {
  int devices = 0;
  if (const auto status = cudaGetDeviceCount(&devices); status != cudaSuccess) refuse(status);
  check(cudaGetDeviceProperties(&properties_, 0), "cuda");
  check(cudaSetDevice(0), "cuda");
  check(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "cuda");
}

CudaBackend::~CudaBackend() {
  if (!health_->lost()) cudaStreamDestroy(stream_);
}

std::string CudaBackend::description() const {
  return fmt::format("{}, {} multiprocessors, {:.0f} GB, sm_{}{}", properties_.name, properties_.multiProcessorCount,
                     gigabytes(properties_.totalGlobalMem), properties_.major, properties_.minor);
}

std::shared_ptr<std::byte> CudaBackend::allocate(Index bytes) {
  void* memory = nullptr;
  const auto status = cudaMalloc(&memory, static_cast<std::size_t>(std::max<Index>(bytes, 1)));
  check(status, "cuda memory");
  return {static_cast<std::byte*>(memory), [health = health_](std::byte* p) {
            if (!health->lost()) cudaFree(p);
          }};
}

void CudaBackend::to_device(const Tensor& host, Tensor& device) {
  const auto bytes = static_cast<std::size_t>(host.spec().bytes());
  check(cudaMemcpyAsync(device.bytes(), host.bytes(), bytes, cudaMemcpyHostToDevice, stream_), "copy to the GPU");
  synchronize();
}

void CudaBackend::to_host(const Tensor& device, Tensor& host) {
  const auto bytes = static_cast<std::size_t>(device.spec().bytes());
  check(cudaMemcpyAsync(host.bytes(), device.bytes(), bytes, cudaMemcpyDeviceToHost, stream_), "copy from the GPU");
  synchronize();
}

Tensor CudaBackend::from_host(const Tensor& host) {
  Tensor out = tensor(host.spec());
  to_device(host, out);
  return out;
}

void CudaBackend::fill_zero(Tensor& tensor) {
  check(cudaMemsetAsync(tensor.bytes(), 0, static_cast<std::size_t>(tensor.spec().bytes()), stream_),
        "fill with zeros");
}

void CudaBackend::synchronize() { check(cudaStreamSynchronize(stream_), "waiting for the GPU"); }

}  // namespace cg::cuda
