// Work that a GPU repeats by itself. The first time it is done as it is, so that all is there that is made once
// (cuDNN's plans, host memory); the second time it is noted down as a CUDA graph; from then on the graph is started,
// which costs one call where the work is some hundred. No word of CUDA here, so that the tests run it without a GPU.
#pragma once

#include <optional>

#include "tensor/backend.h"

namespace cg::cuda {

/// `Device` has a type Graph and
///   void begin_capture()              what is started from now on is noted down, and not done
///   Graph end_capture()               what was noted down
///   void abandon_capture()            forgets it; throws nothing
///   void launch(const Graph&)         does it
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
