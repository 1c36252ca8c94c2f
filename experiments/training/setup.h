// From a configuration to the device that computes and the learner's options, for the programs that train or plan.
#pragma once

#include <memory>
#include <string>

#include "experiments/config/config.h"
#include "experiments/training/learner_options.h"

namespace cg {

/// The device of that name: cpu, reference, cuda, or auto: a GPU if there is one. Errors: device.
std::unique_ptr<Backend> choose_backend(const std::string& device);

/// For people: the device that was chosen, and why it is no GPU where one was looked for and not found.
std::string describe_device(const std::string& asked, const Backend& chosen);

/// The type of a configuration's activations; `backend` decides an automatic precision.
DType activations(const Config& config, const Backend& backend);

/// Volumes a subject has in a training batch: its views differ only where an augmentation is configured.
Index encoded_views(const Config& config);

/// What a learner of this configuration is made of. `volume`: [D, H, W]; `backend` decides an automatic precision.
LearnerOptions learner_options(const Config& config, const Shape& volume, const Backend& backend, Index seed);

}  // namespace cg
