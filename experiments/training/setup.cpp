// SPDX-License-Identifier: Apache-2.0
#include "experiments/training/setup.h"

#include "losses/registry.h"
#include "tensor/error.h"

namespace cg {

DType activations(const Config& config, const Backend& backend) {
  if (config.precision == Precision::automatic) return backend.traits().prefers_bfloat16 ? DType::bf16 : DType::f32;
  return config.precision == Precision::bfloat16 ? DType::bf16 : DType::f32;
}

std::unique_ptr<Backend> choose_backend(const std::string& device, std::string& no_cuda) {
  no_cuda.clear();
  if (device == "reference") return std::make_unique<HostBackend>();
  if (device == "auto" || device == "cuda") {
    std::string why;
    if (auto cuda = make_cuda_backend(why)) return cuda;
    if (device == "cuda") fail(ErrorKind::device, "--device cuda", why, "Use --device cpu");
    no_cuda = why;
  }
  return make_cpu_backend();
}

std::unique_ptr<Backend> choose_backend(const std::string& device) {
  std::string no_cuda;
  return choose_backend(device, no_cuda);
}

std::string describe_device(const Backend& chosen, const std::string& no_cuda) {
  const std::string line = name_of(chosen.device()) + ": " + chosen.traits().description;
  return no_cuda.empty() ? line : line + " (no CUDA: " + no_cuda + ")";
}

Index encoded_views(const Config& config) { return config.data.augment.apply.empty() ? 1 : LearnerOptions().views; }

LearnerOptions learner_options(const Config& config, const Shape& volume, const Backend& backend, Index seed) {
  LearnerOptions o;
  o.model = config.model;
  o.model.recompute = config.train.recompute;
  o.adam.weight_decay = config.train.weight_decay;
  o.volume = {volume[0], volume[1], volume[2]};
  o.activations = activations(config, backend);
  o.encoded_views = encoded_views(config);
  o.queue_size = make_loss(config.loss)->queue_size();
  o.seed = static_cast<std::uint64_t>(seed);
  return o;
}

}  // namespace cg
