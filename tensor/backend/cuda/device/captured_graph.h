// SPDX-License-Identifier: Apache-2.0
// A captured graph of a GPU. The first run creates plans and buffers (cuDNN's plans, host memory). The second is
// captured as a CUDA graph. Later runs launch the graph: one call instead of several hundred. A device that refuses to
// capture computes kernel by kernel from then on. This file does not use CUDA, so that the tests run it without a GPU.
#pragma once

#include <optional>
#include <string>

#include "tensor/backend.h"

namespace cg::cuda {

/// What a device throws instead of an Error while it captures: the work cannot be captured, but nothing is broken.
struct CaptureRefused {
  std::string why;
};

/// `Device` has a type Graph and
///   bool captures()                   false: graphs are switched off, or a capture was refused
///   void refuse_captures(why)         from now on it computes kernel by kernel
///   void begin_capture()              work that starts now is captured, not executed
///   Graph end_capture()               the captured work
///   void abandon_capture()            drops it; does not throw
///   void launch(const Graph&)         executes it
/// While it captures, any of them may throw CaptureRefused.
template <class Device>
class GraphCapture final : public CapturedGraph {
 public:
  explicit GraphCapture(Device& device) : device_(device) {}

  void prepare(const std::function<void()>& work) override {
    if (ran_once_ && !graph_ && device_.captures()) capture(work);
  }

  void run(const std::function<void()>& work) override {
    prepare(work);
    if (graph_ && device_.captures()) {
      device_.launch(*graph_);
      return;
    }
    work();
    ran_once_ = true;
  }

 private:
  void capture(const std::function<void()>& work) {
    try {
      device_.begin_capture();
      work();
      graph_ = device_.end_capture();
    } catch (const CaptureRefused& refused) {
      device_.abandon_capture();
      device_.refuse_captures(refused.why);
    } catch (...) {
      device_.abandon_capture();
      throw;
    }
  }

  Device& device_;
  bool ran_once_ = false;
  std::optional<typename Device::Graph> graph_;
};

}  // namespace cg::cuda
