// SPDX-License-Identifier: Apache-2.0
// The page that teaches how the losses work: embeddings on the circle and on the sphere, which rows pull
// and push which others, and how they move. The page only draws. All of its numbers are computed here, by the losses
// themselves, for a grid of settings, twice: on one arrangement of embeddings, and along the way they take by gradient
// descent. Read next: losses/explanation.h, descent.h, tools/explain_loss/numbers.js.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "experiments/teaching/loss_example.h"
#include "tensor/index.h"

namespace cg {

/// The page's parts: in tools/explain_loss. In `html` the words @STYLE@, @SCRIPT@ and @DATA@ stand for
/// the others and the numbers.
struct PageSource {
  std::string html, css, script;
};

/// What the page's controls can be set to.
struct PageGrid {
  /// Years; two groups, as in the paper's cohort: many young subjects and fewer old ones.
  std::vector<double> subject_ages = {18, 20, 23, 26, 30, 35, 60, 72, 88};
  std::vector<Index> epochs = {1, 8, 15, 25, 35, 50};
  std::vector<double> sigmas = {2, 5, 10};                                           ///< years
  std::vector<double> temperatures = {1, 3};                                         ///< times the published one
  std::vector<double> far_decays = {0, 1, std::numeric_limits<double>::infinity()};  ///< λ
  Index final_neighbours = 2, views = 2;
  double spread = 0.8;       ///< crowded, as at the beginning of a training: each row has rows of both groups near it
  std::uint64_t seed = 214;  ///< of 250: on the circle few dots overlap and the two groups are mixed

  Arrangement arrangement(Index width) const { return {views, width, spread, seed}; }
};

/// The numbers as JSON, safe inside of a script element. `starts` and `numbers` hold lists of numbers one behind the
/// other, four base64 characters each: the upper 24 bits of a double (sign, 11 bits of exponent, 12 of mantissa).
/// `scenes[geometry][still or moving][loss/formulation/sigma/temperature/far_decay]` is a list over the epochs of the
/// lists' places, in the order of `parts`; −1: this loss has no such numbers.
std::string loss_page_data(const PageGrid& grid);

/// The page with everything in it.
std::string loss_page(const PageSource& source, const PageGrid& grid);

}  // namespace cg
