// SPDX-License-Identifier: Apache-2.0
// The formulas of a loss, in words and in a line of mathematics, for the terminal and for the page. In a formula
// `x_{...}` and `x_ab` are subscripts, `x^{...}` superscripts. Read next: docs/losses.md, which explains the formulas.
#pragma once

#include <string>
#include <vector>

namespace cg {

/// One formulation of a loss.
struct LossFormula {
  std::string value;                      ///< L = …
  std::string pull;                       ///< a_ik = …
  std::string similarity;                 ///< s_it = …
  std::string pulls;                      ///< a sentence: which rows an anchor pulls
  std::string pushes;                     ///< a sentence: which rows it pushes
  std::vector<std::string> options = {};  ///< keys of the loss's own options that change these formulas

  bool operator==(const LossFormula&) const = default;
};

/// Parts that several losses have in common.
namespace phrases {
inline constexpr const char* inner_product = "s_it = z_i·z_t / τ";
inline constexpr const char* shifted = "s_it = z_i·z_t / τ − m_i,   m_i the largest of the row, held constant";
inline constexpr const char* negative_distance = "s_it = −‖z_i − z_t‖ / τ";
inline constexpr const char* pull_by_anchor = "a_ik = w_ik / Σ_{t≠i} w_it";
inline constexpr const char* pull_by_anchor_mean = "a_ik = w_ik / Σ_{t≠i} w_it / n × τ/τ_base";
inline constexpr const char* pull_to_other_view = "a_ik = 1/n for the other view of the same subject, else 0";
inline constexpr const char* near_ages = "all other rows, more strongly the nearer their age (weight w)";
inline constexpr const char* all_rows = "all other rows, more strongly the closer they are";
inline constexpr const char* less_if_alike =
    "all other rows, more strongly the closer they are, and less the nearer their age";
}  // namespace phrases

}  // namespace cg
