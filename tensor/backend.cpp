#include "tensor/backend.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <limits>

#include "tensor/error.h"

namespace cg {

std::vector<double> to_doubles(Backend& backend, const Tensor& tensor) {
  HostBackend host;
  Tensor copy = host.tensor(tensor.spec());
  backend.to_host(tensor, copy);
  std::vector<double> out;
  with_type(copy.dtype(), [&]<class T>() {
    const auto data = copy.data<T>();
    out.assign(data.begin(), data.end());
  });
  return out;
}

void from_doubles(Backend& backend, std::span<const double> values, Tensor& tensor) {
  HostBackend host;
  Tensor copy = host.tensor(tensor.spec());
  with_type(copy.dtype(), [&]<class T>() {
    const auto data = copy.data<T>();
    for (std::size_t k = 0; k < data.size(); ++k) data[k] = static_cast<T>(values[k]);
  });
  backend.to_device(copy, tensor);
}

std::shared_ptr<std::byte> HostBackend::allocate(Index bytes) {
  constexpr std::size_t alignment = 64;
  const std::size_t rounded = (static_cast<std::size_t>(bytes) + alignment - 1) / alignment * alignment;
  auto* memory = static_cast<std::byte*>(std::aligned_alloc(alignment, rounded == 0 ? alignment : rounded));
  if (!memory)
    fail(ErrorKind::memory, "host memory", fmt::format("{} bytes were refused", bytes), "Lower train.batch_size.");
  return {memory, [](std::byte* p) { std::free(p); }};
}

void HostBackend::to_device(const Tensor& host, Tensor& device) {
  std::memcpy(device.bytes(), host.bytes(), static_cast<std::size_t>(host.spec().bytes()));
}

void HostBackend::to_host(const Tensor& device, Tensor& host) {
  std::memcpy(host.bytes(), device.bytes(), static_cast<std::size_t>(device.spec().bytes()));
}

void HostBackend::fill_zero(Tensor& tensor) {
  std::memset(tensor.bytes(), 0, static_cast<std::size_t>(tensor.spec().bytes()));
}

Index HostBackend::free_bytes() const {
  std::ifstream info("/proc/meminfo");
  for (std::string name; info >> name; info.ignore(std::numeric_limits<std::streamsize>::max(), '\n'))
    if (Index kilobytes = 0; name == "MemAvailable:" && info >> kilobytes) return kilobytes * 1024;
  return 0;
}

bool HostBackend::all_finite(const Tensor& tensor) {
  double zero = 0;  // 0 · x is 0 for every finite x, else NaN
  with_type(tensor.dtype(), [&]<class T>() {
    const T* x = tensor.data<T>().data();
    const Index size = tensor.spec().count();
    Param<T> sum = 0;
#pragma omp parallel for simd schedule(static) reduction(+ : sum)
    for (Index k = 0; k < size; ++k) sum += Param<T>(0) * static_cast<Param<T>>(x[k]);
    zero = static_cast<double>(sum);
  });
  return !std::isnan(zero);
}

}  // namespace cg
