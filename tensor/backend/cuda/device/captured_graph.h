// SPDX-License-Identifier: Apache-2.0
// A captured graph of a GPU. The first run creates plans and buffers (cuDNN's plans, host memory). The second is
// captured as a CUDA graph. Later runs launch the graph: one call instead of several hundred. This file does not use
// CUDA, so that the tests run it without a GPU.
#pragma once

#include <optional>

#include "tensor/backend.h"

namespace cg::cuda {

/// `Device` has a type Graph and
///   void begin_capture()              work that starts now is captured, not executed
///   Graph end_capture()               the captured work
///   void abandon_capture()            drops it; does not throw
///   void launch(const Graph&)         executes it
template <class Device>
class GraphCapture final : public CapturedGraph {
 public:
  explicit GraphCapture(Device& device) : device_(device) {}

  void run(const std::function<void()>& work) override {
    if (!done_once_) {
      work();
      done_once_ = true;
      return;
    }
    if (!graph_) graph_ = capture(work);
    device_.launch(*graph_);
  }

 private:
  typename Device::Graph capture(const std::function<void()>& work) {
    device_.begin_capture();
    try {
      work();
    } catch (...) {
      device_.abandon_capture();
      throw;
    }
    return device_.end_capture();
  }

  Device& device_;
  bool done_once_ = false;
  std::optional<typename Device::Graph> graph_;
};

}  // namespace cg::cuda
