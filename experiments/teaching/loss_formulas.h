// Every loss and formulation in words and in a line of mathematics, for the terminal and for the page. In a formula
// `x_{...}` and `x_ab` are subscripts, `x^{...}` superscripts. Read next: docs/losses.md, which explains them.
#pragma once

#include <string>

#include "losses/loss.h"

namespace cg {

struct LossFormula {
  std::string title;       ///< as written in prose: "Rank-N-Contrast"
  std::string value;       ///< L = …
  std::string pull;        ///< a_ik = …
  std::string similarity;  ///< s_it = …
  std::string pulls;       ///< a sentence: whom an anchor pulls
  std::string pushes;      ///< a sentence: whom it pushes
};

/// What is known of the loss that the options name, in their formulation. Errors: usage, for an unknown name.
LossFormula formula_of(const LossOptions& options);

/// Whether printed and published formula of a loss differ.
bool has_two_formulations(const std::string& loss);

}  // namespace cg
