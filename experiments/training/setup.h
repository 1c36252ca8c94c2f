// SPDX-License-Identifier: Apache-2.0
// From a configuration to the device that computes and the learner's options, for the programs that train or plan.
#pragma once

#include <memory>
#include <string>

#include "experiments/config/config.h"
#include "experiments/training/learner_options.h"

namespace cg {

/// Creates the backend of a device: cpu, reference, cuda, or auto (a GPU if there is one, else cpu). Errors: device.
/// `no_cuda` is then why auto found no GPU, and empty otherwise.
std::unique_ptr<Backend> choose_backend(const std::string& device, std::string& no_cuda);
std::unique_ptr<Backend> choose_backend(const std::string& device);

/// As text: the chosen device, and why it is not a GPU if one was looked for.
std::string describe_device(const Backend& chosen, const std::string& no_cuda);

/// The type of a configuration's activations; `backend` decides an automatic precision.
DType activations(const Config& config, const Backend& backend);

/// Volumes per subject in a training batch: views differ only if an augmentation is configured.
Index encoded_views(const Config& config);

/// The learner's options for this configuration. `volume`: [D, H, W]; `backend` decides an automatic precision.
LearnerOptions learner_options(const Config& config, const Shape& volume, const Backend& backend, Index seed);

}  // namespace cg
