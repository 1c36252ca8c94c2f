// SPDX-License-Identifier: Apache-2.0
// The weight gradient over few positions (the network's last stage: 2×2×2 voxels): oneDNN's convolutions reuse too
// little there, one matrix product runs at full speed:
//   dw[o; k, i] = Σ_rows dy[row, o] · columns[row; k, i],  a row for every output position, columns gathered from x
#pragma once

#include "tensor/backend/cpu/cpu_backend.h"
#include "tensor/ops/conv3d.h"

namespace cg::cpu {

template <class T>
class SmallVolume {
 public:
  /// Whether this is the way for a window over x: up to 512 rows it is the faster one (measured); where the volume is
  /// smaller than the window it is the only one, as oneDNN's weight gradient in bfloat16 is wrong there or writes
  /// outside its buffers (seen in oneDNN 3.2 at 2×4×4 voxels with a 3³ window).
  static bool fits(const Window& window, const Shape& x, const Shape& y);

  SmallVolume(CpuBackend& backend, const Conv3d& op, const Shape& x, const Shape& w);
  Index workspace() const;
  void backward_weights(const T* x, const T* dy, float* dw, std::byte* scratch);

 private:
  void gather(const T* x, T* columns) const;
  Index columns_bytes() const;

  CpuBackend& backend_;
  Window window_;
  VolumeShape in_, out_;
  dnnl::matmul::primitive_desc description_;
  dnnl::matmul product_;
};

}  // namespace cg::cpu
