// From a configuration to the device that computes and the learner's options, for the programs that train or plan.
#pragma once

#include <memory>
#include <string>

#include "experiments/runner/config.h"
#include "experiments/runner/learner_options.h"

namespace cg {

/// The device of that name: cpu, reference, cuda, or auto: a GPU if there is one. Processor threads as configured (0:
/// all cores), for the whole process. Errors: device.
std::unique_ptr<Backend> choose_backend(const std::string& device, Index threads);

/// What a learner of this configuration is made of. `volume`: [D, H, W]; `backend` decides an automatic precision.
LearnerOptions learner_options(const Config& config, const Shape& volume, const Backend& backend, Index seed);

}  // namespace cg
