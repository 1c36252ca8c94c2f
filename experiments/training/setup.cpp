// SPDX-License-Identifier: Apache-2.0
#include "experiments/training/setup.h"

#include "losses/registry.h"
#include "tensor/error.h"

namespace cg {

DType activations(const Config& config, const Backend& backend) {
  if (config.precision == Precision::automatic) return backend.traits().prefers_bfloat16 ? DType::bf16 : DType::f32;
  return config.precision == Precision::bfloat16 ? DType::bf16 : DType::f32;
}

std::unique_ptr<Backend> choose_backend(const std::string& device) {
  if (device == "reference") return std::make_unique<HostBackend>();
  if (device == "auto" || device == "cuda") {
    std::string why;
    if (auto cuda = make_cuda_backend(why)) return cuda;
    if (device == "cuda") fail(ErrorKind::device, "--device cuda", why, "Use --device cpu");
  }
  return make_cpu_backend();
}

std::string describe_device(const std::string& asked, const Backend& chosen) {
  const std::string line = name_of(chosen.device()) + ": " + chosen.traits().description;
  if (asked != "auto" || chosen.device() == Device::cuda) return line;
  std::string why;
  make_cuda_backend(why);  // there was none a moment ago
  return line + " (no CUDA: " + why + ")";
}

Index encoded_views(const Config& config) { return config.data.augment.apply.empty() ? 1 : LearnerOptions().views; }

LearnerOptions learner_options(const Config& config, const Shape& volume, const Backend& backend, Index seed) {
  LearnerOptions o;
  o.model = config.model;
  o.adam.weight_decay = config.train.weight_decay;
  o.volume = {volume[0], volume[1], volume[2]};
  o.activations = activations(config, backend);
  o.encoded_views = encoded_views(config);
  o.queue_size = make_loss(config.loss)->queue_size();
  o.seed = static_cast<std::uint64_t>(seed);
  return o;
}

}  // namespace cg
