// SPDX-License-Identifier: Apache-2.0
// A GPU as a device: its memory, the stream on which everything runs, its libraries, and its errors.
// Read next: device_state.h, kernels.h.
#pragma once

#include <cuda_runtime_api.h>

#include <memory>
#include <string>
#include <string_view>

#include "tensor/backend.h"
#include "tensor/backend/cuda/device/device_state.h"
#include "tensor/backend/cuda/library/convolution_plan.h"
#include "tensor/backend/cuda/library/matrix_product.h"

namespace cg::cuda {

class PinnedMemory;

class CudaBackend final : public Backend {
 public:
  /// Why this machine has no usable device, as text: there is none, its driver is too old, it is not one of
  /// `architectures` (architectures.h), or cuDNN gives wrong results. Empty if there is a usable device. Errors:
  /// device, if a device is present and does not respond.
  static std::string why_none(const std::string& architectures);
  /// The first visible device, after why_none() found it usable. Errors: device, memory.
  explicit CudaBackend(const EngineRule& rule);
  /// For plans only: kernels give their workspace sizes, everything else is an error (device).
  CudaBackend(const DeviceProperties& device, const EngineRule& rule);
  ~CudaBackend() override;
  CudaBackend(const CudaBackend&) = delete;
  CudaBackend& operator=(const CudaBackend&) = delete;

  std::shared_ptr<std::byte> allocate(Index bytes) override;
  Tensor host_tensor(const Spec& spec) override;  ///< pinned
  void to_device(const Tensor& host, Tensor& device) override;
  void to_host(const Tensor& device, Tensor& host) override;
  Tensor from_host(const Tensor& host) override;
  Tensor concatenate(std::span<const Tensor> parts, Tensor& buffer) override;
  std::unique_ptr<UploadBuffer> upload_buffer() override;
  void fill_zero(Tensor& tensor) override;
  void write_is_finite(const Tensor& tensor, Tensor& flag) override;
  void synchronize() override;
  std::unique_ptr<DeviceEvent> record_event() override;  ///< an event of CUDA
  std::unique_ptr<CapturedGraph> captured_graph() override;
  std::string capture_refusal() const override { return capture_refusal_; }
  void without_graphs() override { captures_ = false; }
  Index held_bytes() const override { return state_->held; }
  Index free_bytes() const override;  ///< of a planner: all memory of the device

  /// Everything runs on this stream, in order. Throws (kind device) if the device is lost.
  cudaStream_t stream() const {
    state_->require();
    return stream_.get();
  }
  /// Called after a kernel's launch: throws (kind device) if CUDA refused it.
  void check_launch(std::string_view kernel);

  /// For GraphCapture (captured_graph.h).
  using Graph = std::shared_ptr<CUgraphExec_st>;
  bool captures() const { return captures_; }
  void refuse_captures(const std::string& why);
  void begin_capture();
  Graph end_capture();
  void abandon_capture();
  void launch(const Graph& graph);

  /// As ConvolutionPlanner::plan.
  const ConvolutionPlan& plan(const ConvolutionProblem& problem);
  /// As ConvolutionPlanner::candidates.
  std::vector<ConvolutionPlan> candidates(const ConvolutionProblem& problem) const;
  void run(const ConvolutionPlan& plan, void* x, void* w, void* y, void* workspace);
  void multiply(const Matrix& a, const Matrix& b, float* c);  ///< c = a · b

  /// Null in a planner.
  cudnnHandle_t cudnn() const { return cudnn_.get(); }
  const cudaDeviceProp& properties() const { return properties_; }
  /// False in a planner, and once the device is lost.
  bool usable() const { return state_->usable(); }

 private:
  /// Makes a call of CUDA or one of its libraries, which returns a status. Throws: memory, if memory is missing;
  /// device, if the device is lost; CaptureRefused instead of both while work is captured.
  template <class LibraryCall>
  void use(const std::string& what, const LibraryCall& call);
  void describe_device();
  std::shared_ptr<CUstream_st> make_stream();
  void start_copy(void* to, const void* from, Index bytes, cudaMemcpyKind kind);
  void copy(void* to, const void* from, Index bytes, cudaMemcpyKind kind);
  void gather(std::span<const Tensor> parts, Tensor& buffer);  ///< ops/gather.h
  bool is_nearly_full() const;
  [[noreturn]] void refuse_memory(const std::string& asked) const;
  Tensor finite_scratch();

  std::shared_ptr<DeviceState> state_ = std::make_shared<DeviceState>();
  cudaDeviceProp properties_{};
  std::shared_ptr<CUstream_st> stream_;  // this and the following members are null in a planner
  std::shared_ptr<cudnnContext> cudnn_;
  std::shared_ptr<cublasLtContext> cublas_;
  std::unique_ptr<MatrixProduct> matrix_product_;
  std::unique_ptr<ConvolutionPlanner> convolutions_;
  std::shared_ptr<CUstream_st> copy_stream_;  // of uploads
  std::shared_ptr<PinnedMemory> pinned_;
  Tensor finite_scratch_;  // for write_is_finite, so that no step allocates
  bool capturing_ = false, captures_ = true;
  std::string capture_refusal_;
};

/// The backend a CUDA kernel runs on.
inline CudaBackend& of(Backend& backend) { return static_cast<CudaBackend&>(backend); }

}  // namespace cg::cuda
