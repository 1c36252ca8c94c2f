// SPDX-License-Identifier: Apache-2.0
// The tables and figures of the paper, in its order: which study each belongs to, and what the report says of them.
// Read next: report.h.
#pragma once

#include <string>
#include <vector>

namespace cg {

/// An item of the paper that a study fills.
struct PaperStudy {
  std::string study;                  ///< "table3"
  std::string item;                   ///< "Table 3"
  std::string content;                ///< "Contrastive losses"
  std::string better, worse, action;  ///< of the figure of its rows
};

/// Those that need a study, in the paper's order.
const std::vector<PaperStudy>& paper_studies();

/// That of a study; null for others.
const PaperStudy* paper_study(const std::string& name);

/// The heading of a row's group in the paper's table 3: "Contrastive classification loss"; empty if it has none.
std::string loss_group(const std::string& loss);

/// The publication of a loss: "Zha et al., 2024"; empty for losses that the paper does not name.
std::string loss_source(const std::string& loss);

}  // namespace cg
