// SPDX-License-Identifier: Apache-2.0
#include "tensor/backend/cuda/engine_candidates.h"

#include <cuda_runtime_api.h>

#include <algorithm>
#include <cstring>

#include "tensor/backend/cuda/cuda_backend.h"
#include "tensor/backend/cuda/library/engine_timer.h"
#include "tensor/error.h"
#include "tensor/random.h"

namespace cg::cuda {
namespace {

/// Uniform numbers in (−1, 1). They repeat after a prime number of elements, so that no part of a tensor looks like the
/// same part of another one.
void fill(Tensor& tensor, std::uint64_t seed) {
  constexpr std::size_t period = 1'048'573;
  with_type(tensor.dtype(), [&]<class T>() {
    const auto data = tensor.data<T>();
    const std::size_t drawn = std::min(period, data.size());
    Random random(Key{.seed = seed});
    for (std::size_t k = 0; k < drawn; ++k) data[k] = static_cast<T>(static_cast<float>(2 * random.uniform() - 1));
    for (std::size_t k = drawn; k < data.size(); k += period)
      std::memcpy(&data[k], data.data(), std::min(period, data.size() - k) * sizeof(T));
  });
}

/// The tensors of a problem.
class ProblemData {
 public:
  ProblemData(CudaBackend& backend, const ConvolutionProblem& problem, Index workspace)
      : backend_(backend),
        problem_(problem),
        x_(backend.tensor({problem.x, problem.dtype})),
        w_(backend.tensor({problem.w, problem.dtype})),
        y_(backend.tensor({problem.y, problem.dtype})),
        workspace_(backend.tensor({{std::max<Index>(workspace, 1)}, DType::u8})) {
    std::uint64_t seed = 1;
    for (Tensor* tensor : {&x_, &w_, &y_}) {
      Tensor host = backend_.host_tensor(tensor->spec());
      fill(host, seed++);
      backend_.to_device(host, *tensor);
      if (problem.adds && tensor == &result()) before_ = host;
    }
  }

  /// The result as it was before, or NaN, so that what an engine does not write is seen.
  void reset() {
    if (before_) return backend_.to_device(before_, result());
    const auto bytes = static_cast<std::size_t>(result().spec().size_bytes());
    if (cudaMemsetAsync(result().raw(), 0xFF, bytes, backend_.stream()) != cudaSuccess)
      backend_.check_launch("that fills memory");
  }
  void read(Tensor& host) { backend_.to_host(result(), host); }
  Tensor host_result() { return backend_.host_tensor(result().spec()); }
  std::string run(const ConvolutionPlan& plan) {
    const auto status = plan.run(backend_.cudnn(), x_.raw(), w_.raw(), y_.raw(), workspace_.raw());
    std::string failure = in_words(status);
    if (!failure.empty()) {
      cudaGetLastError();  // only this engine cannot run
      backend_.synchronize();
    }
    return failure;
  }
  double milliseconds(const ConvolutionPlan& plan, int runs) {
    const auto begin = backend_.record_event();
    for (int k = 0; k < runs; ++k)
      check_cudnn(plan.run(backend_.cudnn(), x_.raw(), w_.raw(), y_.raw(), workspace_.raw()), "a convolution of cuDNN");
    const auto end = backend_.record_event();
    backend_.synchronize();
    return 1e3 * end->since(*begin);
  }

 private:
  Tensor& result() {
    return problem_.direction == Direction::forward ? y_ : problem_.direction == Direction::data_gradient ? x_ : w_;
  }

  CudaBackend& backend_;
  ConvolutionProblem problem_;
  Tensor x_, w_, y_, workspace_;
  Tensor before_;  // empty if the result is not added to it
};

/// One plan as EngineTimer wants it.
class PlannedEngine {
 public:
  PlannedEngine(ProblemData& data, const ConvolutionPlan& plan) : data_(data), plan_(plan) {}
  std::string run() { return data_.run(plan_); }
  void reset() { data_.reset(); }
  void read(Tensor& host) { data_.read(host); }
  double milliseconds(int runs) { return data_.milliseconds(plan_, runs); }
  Tensor host_result() { return data_.host_result(); }

 private:
  ProblemData& data_;
  const ConvolutionPlan& plan_;
};

class CudaEngineSweep final : public EngineSweep {
 public:
  CudaEngineSweep(CudaBackend& backend, const ConvolutionProblem& problem)
      : backend_(backend), problem_(problem), plans_(backend.candidates(problem)) {
    const cudaDeviceProp& device = backend.properties();
    for (const ConvolutionPlan& plan : plans_)
      entries_.push_back({.major = device.major,
                          .minor = device.minor,
                          .cudnn = static_cast<Index>(cudnnGetVersion()),
                          .problem = problem,
                          .engine = plan.engine(),
                          .knobs = plan.knobs(),
                          .workspace = plan.workspace(),
                          .card = device.name});
  }

  ~CudaEngineSweep() override {
    // Freeing a plan may call the device.
    if (backend_.cudnn() && !backend_.usable()) static_cast<void>(new std::vector(std::move(plans_)));
  }

  const std::vector<EngineEntry>& candidates() const override { return entries_; }

  EngineTiming time(std::size_t k, double fastest) override {
    if (!backend_.cudnn())
      fail(ErrorKind::device, "engines",
           backend_.traits().description + " is used for planning only: engines cannot be timed",
           "Run on a machine with the device, or list the engines without timing them.");
    if (!data_) data_ = std::make_unique<ProblemData>(backend_, problem_, largest_workspace());
    PlannedEngine engine(*data_, plans_.at(k));
    return EngineTimer(engine, results_).time(fastest);
  }

 private:
  Index largest_workspace() const {
    Index most = 0;
    for (const ConvolutionPlan& plan : plans_) most = std::max(most, plan.workspace());
    return most;
  }

  CudaBackend& backend_;
  ConvolutionProblem problem_;
  std::vector<ConvolutionPlan> plans_;
  std::vector<EngineEntry> entries_;
  std::unique_ptr<ProblemData> data_;
  EngineResults results_;
};

}  // namespace

std::unique_ptr<EngineSweep> make_sweep(Backend& backend, const ConvolutionProblem& problem) {
  return std::make_unique<CudaEngineSweep>(of(backend), problem);
}

}  // namespace cg::cuda
