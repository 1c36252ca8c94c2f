// SPDX-License-Identifier: Apache-2.0
#include "tensor/backend.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <limits>

#include "tensor/error.h"
#include "tensor/job_limits.h"

namespace cg {
namespace {

/// Bytes of this process: of its address space, and resident in memory.
struct OwnMemory {
  Index mapped = 0, resident = 0;
};

OwnMemory own_memory() {
  OwnMemory pages;
  std::ifstream("/proc/self/statm") >> pages.mapped >> pages.resident;
  const Index page = sysconf(_SC_PAGESIZE);
  return {pages.mapped * page, pages.resident * page};
}

/// Of a device that computes before a call returns.
class HostEvent : public DeviceEvent {
 public:
  double since(const DeviceEvent& earlier) const override {
    return std::chrono::duration<double>(at_ - static_cast<const HostEvent&>(earlier).at_).count();
  }

 private:
  std::chrono::steady_clock::time_point at_ = std::chrono::steady_clock::now();
};

}  // namespace

std::unique_ptr<DeviceEvent> Backend::record_event() { return std::make_unique<HostEvent>(); }

Tensor Backend::host_tensor(const Spec& spec) { return HostBackend().tensor(spec); }

void UploadBuffer::start(const Tensor& host) {
  if (!memory_ || memory_.spec().size_bytes() < host.spec().size_bytes()) {
    finish();
    device_ = memory_ = {};  // before the larger block is allocated
    memory_ = backend_.tensor(host.spec());
  }
  device_ = memory_.part(host.spec(), 0);
  copy(host, device_);
}

void UploadBuffer::copy(const Tensor& host, Tensor& device) { backend_.to_device(host, device); }

bool Backend::all_finite(const Tensor& all) {
  Tensor flag = tensor({{1}, DType::f64});
  write_is_finite(all, flag);
  return to_doubles(*this, flag)[0] == 1;
}

Spec concatenated(std::span<const Tensor> parts) {
  Spec spec = parts[0].spec();
  for (const Tensor& part : parts.subspan(1)) spec.shape[0] += part.shape()[0];
  return spec;
}

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
  if (!memory) refuse(bytes);
  return {memory, [](std::byte* p) { std::free(p); }};
}

void HostBackend::to_device(const Tensor& host, Tensor& device) {
  std::memcpy(device.raw(), host.raw(), static_cast<std::size_t>(host.spec().size_bytes()));
}

void HostBackend::to_host(const Tensor& device, Tensor& host) {
  std::memcpy(host.raw(), device.raw(), static_cast<std::size_t>(device.spec().size_bytes()));
}

Tensor HostBackend::concatenate(std::span<const Tensor> parts, Tensor& buffer) {
  if (parts.size() == 1) return parts[0].on(device());
  if (!buffer) buffer = tensor(concatenated(parts));
  std::byte* at = buffer.raw();
  for (const Tensor& part : parts) {
    std::memcpy(at, part.raw(), static_cast<std::size_t>(part.spec().size_bytes()));
    at += part.spec().size_bytes();
  }
  return buffer;
}

void HostBackend::fill_zero(Tensor& tensor) {
  std::memset(tensor.raw(), 0, static_cast<std::size_t>(tensor.spec().size_bytes()));
}

Index HostBackend::free_bytes() const {
  Index free = 0;
  std::ifstream info("/proc/meminfo");
  for (std::string name; info >> name; info.ignore(std::numeric_limits<std::streamsize>::max(), '\n'))
    if (Index kilobytes = 0; name == "MemAvailable:" && info >> kilobytes) free = kilobytes * 1024;
  free = std::min(free, control_group_memory());
  rlimit limit{};
  if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return free;
  return std::min(free, std::max<Index>(static_cast<Index>(limit.rlim_cur) - own_memory().mapped, 0));
}

void HostBackend::refuse(Index bytes) const {
  const auto megabytes = [](Index n) { return static_cast<double>(n) / 1e6; };
  fail(ErrorKind::memory, name_of(device()) + " memory",
       fmt::format("an allocation of {:.1f} MB was refused; this process holds {:.1f} MB, and {:.1f} MB seem free",
                   megabytes(bytes), megabytes(held_bytes()), megabytes(free_bytes())),
       "Lower train.batch_size or model.width");
}

Index HostBackend::held_bytes() const { return own_memory().resident; }

void HostBackend::write_is_finite(const Tensor& tensor, Tensor& flag) {
  double zero = 0;  // 0 · x is 0 for every finite x, else NaN
  with_type(tensor.dtype(), [&]<class T>() {
    const T* x = tensor.data<T>().data();
    const Index size = tensor.spec().count();
    Param<T> sum = 0;
#pragma omp parallel for simd schedule(static) reduction(+ : sum)
    for (Index k = 0; k < size; ++k) sum += Param<T>(0) * static_cast<Param<T>>(x[k]);
    zero = static_cast<double>(sum);
  });
  flag.data<double>()[0] = std::isnan(zero) ? 0 : 1;
}

}  // namespace cg
