// All losses by name, and the options they take. A new loss: its header and one row in registry.cpp.
// Read next: loss.h.
#pragma once

#include <memory>

#include "losses/loss.h"
#include "tensor/fields.h"

namespace cg {

/// The loss named in the options. Fails on an unknown name with the names there are.
std::unique_ptr<Loss> make_loss(const LossOptions& options);

/// The published temperature of a loss: 2 of rank_n_contrast, whose similarities are distances, 0.1 of the others.
double published_temperature(const std::string& loss);

/// The names of all losses.
std::vector<std::string> loss_names();

/// The options of all losses: keys, what is accepted, a sentence for the manual.
const Fields<LossOptions>& loss_fields();

}  // namespace cg
