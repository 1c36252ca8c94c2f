// SPDX-License-Identifier: Apache-2.0
// All losses by name, and their options as the keys of [loss] in a configuration. Read next: all.h, the list.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "losses/formula.h"
#include "losses/loss.h"

namespace cg {

/// What is known of a loss without evaluating it.
struct LossInfo {
  std::string name;        ///< in a configuration: "rank_n_contrast"
  std::string title;       ///< in prose: "Rank-N-Contrast"
  double temperature = 0;  ///< the published one
  Index least_views = 1;   ///< of each subject
  bool weighs = false;     ///< it has age weights w, and so reads kernel and sigma
  bool selects = false;    ///< it chooses the rows that an anchor repels (ν), and so reads the epoch
  LossFormula printed = {}, published = {};

  const LossFormula& formula(Formulation f) const { return f == Formulation::printed ? printed : published; }
  bool has_two_formulations() const { return printed != published; }
};

/// The names of all losses, in alphabetical order.
std::vector<std::string> loss_names();

/// Errors: usage, for an unknown name, with the names there are.
const LossInfo& loss_info(const std::string& name);

/// The loss that the options name. Errors: as loss_info.
std::unique_ptr<Loss> make_loss(const LossOptions& options);

/// What does not fit in the options of the loss that they name. Errors: as loss_info.
std::vector<LossConflict> loss_conflicts(const LossOptions& options, const LossSchedule& schedule);

/// What makes no sense in the options of the loss that they name, but can be computed. Errors: as loss_info.
std::vector<std::string> loss_warnings(const LossOptions& options, const LossSchedule& schedule);

/// The options with every published value written out as a number. Errors: as loss_info.
LossOptions with_published_values(LossOptions options);

/// The options of all losses: keys, what is accepted, a sentence for the manual.
const Fields<LossOptions>& loss_fields();

}  // namespace cg
