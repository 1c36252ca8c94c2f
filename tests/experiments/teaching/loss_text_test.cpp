// SPDX-License-Identifier: Apache-2.0
#include "experiments/teaching/loss_text.h"

#include <doctest/doctest.h>

#include "experiments/teaching/loss_example.h"
#include "losses/registry.h"

using namespace cg;

namespace {

/// The text of an example, after a change of what explains it.
template <class Change>
std::string text_of(const LossOptions& options, const Change& change) {
  const LossCase example = make_example(options, std::vector<double>{20, 21, 25, 70}, {.seed = 1});
  Explanation e = make_loss(options)->explain(example.input());
  change(e);
  return loss_text(example, e);
}

bool says(const std::string& text, const std::string& words) { return text.find(words) != std::string::npos; }

}  // namespace

TEST_CASE("loss_text: parts that do not add up to the value are a warning, from the ninth digit on") {
  for (const std::string name : {"y_aware", "dynlocrep", "threshold"}) {
    CAPTURE(name);
    const LossOptions options{.name = name};
    CHECK_FALSE(says(text_of(options, [](Explanation&) {}), "warning"));
    CHECK_FALSE(says(text_of(options, [](Explanation& e) { e.result.rows[1] *= 1 + 1e-11; }), "warning"));
    const std::string off = text_of(options, [](Explanation& e) { e.result.rows[1] *= 1.01; });
    CHECK(says(off, "warning: attraction and repulsion do not add up to the value"));
    CHECK(says(off, "docs/extending.md"));
  }
}

TEST_CASE("loss_text: parts that are all 0 add up") {
  CHECK_FALSE(says(text_of({.name = "y_aware"},
                           [](Explanation& e) {
                             e.pull.setZero();
                             std::fill(e.result.rows.begin(), e.result.rows.end(), 0.0);
                           }),
                   "warning"));
}
