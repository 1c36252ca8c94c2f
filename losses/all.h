// SPDX-License-Identifier: Apache-2.0
// The list of all losses. A new loss: its header, included here, and its name at the end of the list. Then
// configurations, explain_loss and its page, and the tests of all losses know it (docs/extending.md).
// registry.h has what is asked of the list. Read next: simclr.h, the simplest loss.
#pragma once

#include "losses/dynlocrep.h"
#include "losses/exponential.h"
#include "losses/nnclr.h"
#include "losses/rank_n_contrast.h"
#include "losses/simclr.h"
#include "losses/sup_con.h"
#include "losses/threshold.h"
#include "losses/y_aware.h"

namespace cg {

/// Their own options have this order in a configuration.
using AllLosses = TypeList<DynLocRep, Exponential, YAware, Threshold, RankNContrast, SupCon, SimClr, Nnclr>;

}  // namespace cg
