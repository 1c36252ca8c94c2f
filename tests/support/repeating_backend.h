// SPDX-License-Identifier: Apache-2.0
// A device of the tests' own that repeats captured work as a GPU does: while it captures, kernels and copies are noted
// down and not done; later they are done in their order, and nobody asks the work. It has memory of its own, which may
// be neither asked for nor given back meanwhile, and is spoilt when it is given back: whoever repeats with memory that
// is gone gets NaN.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <vector>

#include "tensor/backend.h"
#include "tensor/backend/cuda/device/captured_graph.h"
#include "tensor/registry.h"

namespace cg::test {

class RepeatingBackend final : public HostBackend {
 public:
  using Graph = std::vector<std::function<void()>>;

  RepeatingBackend() { traits_.has_own_memory = true; }
  std::shared_ptr<std::byte> allocate(Index bytes) override;
  Tensor host_tensor(const Spec& spec) override;
  void to_device(const Tensor& host, Tensor& device) override;
  void to_host(const Tensor& device, Tensor& host) override;
  Tensor from_host(const Tensor& host) override;
  Tensor concatenate(std::span<const Tensor> parts, Tensor& buffer) override;
  std::unique_ptr<UploadBuffer> upload_buffer() override;
  void fill_zero(Tensor& tensor) override;
  void write_is_finite(const Tensor& tensor, Tensor& flag) override;
  std::unique_ptr<CapturedGraph> captured_graph() override;

  std::string capture_refusal() const override { return refusal_; }
  void without_graphs() override { captures_ = false; }
  bool captures() const { return captures_; }
  void refuse_captures(const std::string& why);
  void begin_capture();
  Graph end_capture();
  void abandon_capture();
  void launch(const Graph& graph);

  /// Does something, or notes it down.
  void start(std::function<void()> something);
  /// The reference's kernels, which start here.
  Registry kernels();

  int done = 0;       ///< kernels and copies at once
  int repeated = 0;   ///< and as parts of a graph
  bool late = false;  ///< uploads are done when they are waited for; else at once: both may happen
  int graphs = 0, uploads = 0, abandoned = 0;
  std::atomic<int> allocations = 0, host_tensors = 0;
  Index copied_from_host = 0;  ///< bytes
  bool misused = false;        ///< memory was asked for or given back while capturing
  int refused_graph = 0;       ///< the graph, counted from 1, that it refuses to capture; 0: none
  int refused_part = 0;        ///< the kernel or copy of that graph at which it refuses, from 1; 0: at the end

 private:
  void refuse(int part);  ///< throws CaptureRefused, if it is the one
  bool capturing_ = false, captures_ = true;
  int begun_ = 0;
  std::string refusal_;
  Graph noted_;
};

}  // namespace cg::test
