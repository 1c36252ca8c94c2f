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
  /// Whether this way is the faster one: measured, up to 512 rows it is.
  static bool fits(const Shape& y) { return count(y) / y.back() <= 512; }

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
