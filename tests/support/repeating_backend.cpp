// SPDX-License-Identifier: Apache-2.0
#include "tests/support/repeating_backend.h"

#include <cstring>

#include "tensor/ops/all.h"

namespace cg::test {
namespace {

/// The same memory, which it does not keep: a graph knows addresses.
Tensor address_of(const Tensor& tensor) {
  if (!tensor) return {};
  return {tensor.spec(), tensor.device(), std::shared_ptr<std::byte>(std::shared_ptr<void>(), tensor.raw())};
}

std::vector<Tensor> addresses_of(const std::vector<Tensor>& tensors) {
  std::vector<Tensor> all;
  for (const Tensor& tensor : tensors) all.push_back(address_of(tensor));
  return all;
}

Call addresses_of(const Call& call) {
  return {.in = addresses_of(call.in),
          .out = addresses_of(call.out),
          .saved = addresses_of(call.saved),
          .grad_out = addresses_of(call.grad_out),
          .grad_in = addresses_of(call.grad_in),
          .workspace = address_of(call.workspace),
          .backend = call.backend,
          .bfloat16_copies = addresses_of(call.bfloat16_copies)};
}

/// Counts uploads, and copies when it is waited for where uploads are late.
class CountedUploads : public UploadBuffer {
 public:
  explicit CountedUploads(RepeatingBackend& backend) : UploadBuffer(backend), backend_(backend) {}
  Tensor take() override {
    Tensor device = UploadBuffer::take();
    if (host_) backend_.to_device(host_, device);
    host_ = {};
    return device;
  }

 protected:
  void copy(const Tensor& host, Tensor& device) override {
    ++backend_.uploads;
    if (backend_.late)
      host_ = host;
    else
      UploadBuffer::copy(host, device);
  }

 private:
  RepeatingBackend& backend_;
  Tensor host_;  // of a copy to be done
};

template <Op O>
void add_row(Registry& registry, RepeatingBackend& backend) {
  for (const DType dtype : {DType::f32, DType::f64, DType::bf16}) {
    const AnyKernel kernel = Registry::standard().kernel<O>(Device::reference, dtype);
    const auto started = [&backend](const std::function<void(const void*, Call&)>& f) {
      if (!f) return f;
      return std::function<void(const void*, Call&)>([&backend, f](const void* given, Call& call) {
        const O op = given ? *static_cast<const O*>(given) : O{};
        backend.start([f, op, at = addresses_of(call)]() mutable { f(&op, at); });
      });
    };
    registry.add(typeid(O), std::string(O::name), Device::reference, dtype,
                 {started(kernel.forward), started(kernel.backward), started(kernel.recompute), kernel.workspace});
  }
}

}  // namespace

std::shared_ptr<std::byte> RepeatingBackend::allocate(Index bytes) {
  misused |= capturing_;
  ++allocations;
  auto memory = HostBackend::allocate(bytes);
  std::byte* at = memory.get();
  return {at, [this, memory = std::move(memory), bytes](std::byte* p) {
            misused |= capturing_;
            std::memset(p, 0xFF, static_cast<std::size_t>(bytes));
          }};
}

Tensor RepeatingBackend::host_tensor(const Spec& spec) {
  ++host_tensors;
  return HostBackend::host_tensor(spec);
}

void RepeatingBackend::to_device(const Tensor& host, Tensor& device) {
  copied_from_host += host.spec().size_bytes();
  start(
      [host = address_of(host), device = address_of(device), this]() mutable { HostBackend::to_device(host, device); });
}

void RepeatingBackend::to_host(const Tensor& device, Tensor& host) {
  start([host = address_of(host), device = address_of(device), this]() mutable { HostBackend::to_host(device, host); });
}

Tensor RepeatingBackend::from_host(const Tensor& host) {
  Tensor out = tensor(host.spec());
  to_device(host, out);
  return out;
}

Tensor RepeatingBackend::concatenate(std::span<const Tensor> parts, Tensor& buffer) {
  if (!buffer) buffer = tensor(concatenated(parts));
  Index at = 0;
  for (const Tensor& part : parts) {
    Tensor here = buffer.part(part.spec(), at);
    to_device(part, here);
    at += part.spec().size_bytes();
  }
  return buffer;
}

std::unique_ptr<UploadBuffer> RepeatingBackend::upload_buffer() { return std::make_unique<CountedUploads>(*this); }

void RepeatingBackend::fill_zero(Tensor& tensor) {
  start([at = address_of(tensor), this]() mutable { HostBackend::fill_zero(at); });
}

void RepeatingBackend::write_is_finite(const Tensor& tensor, Tensor& flag) {
  start([at = address_of(tensor), into = address_of(flag), this]() mutable { HostBackend::write_is_finite(at, into); });
}

std::unique_ptr<CapturedGraph> RepeatingBackend::captured_graph() {
  return std::make_unique<cuda::GraphCapture<RepeatingBackend>>(*this);
}

void RepeatingBackend::refuse_captures(const std::string& why) {
  captures_ = false;
  refusal_ = why;
}

void RepeatingBackend::begin_capture() {
  capturing_ = true;
  ++begun_;
}

void RepeatingBackend::refuse(int part) {
  if (capturing_ && begun_ == refused_graph && part == refused_part) throw cuda::CaptureRefused{"it does not want to"};
}

RepeatingBackend::Graph RepeatingBackend::end_capture() {
  refuse(0);
  capturing_ = false;
  ++graphs;
  return std::exchange(noted_, {});
}

void RepeatingBackend::abandon_capture() {
  capturing_ = false;
  ++abandoned;
  noted_.clear();
}

void RepeatingBackend::launch(const Graph& graph) {
  for (const auto& something : graph) something();
  repeated += static_cast<int>(graph.size());
}

void RepeatingBackend::start(std::function<void()> something) {
  if (capturing_) {
    refuse(static_cast<int>(noted_.size()) + 1);
    noted_.push_back(std::move(something));
    return;
  }
  something();
  ++done;
}

Registry RepeatingBackend::kernels() {
  Registry registry;
  for_each_op([&]<Op O>() { add_row<O>(registry, *this); });
  return registry;
}

}  // namespace cg::test
