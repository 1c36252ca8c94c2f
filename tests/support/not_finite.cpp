// SPDX-License-Identifier: Apache-2.0
#include "tests/support/not_finite.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "tensor/ops/all.h"
#include "tests/support/application.h"
#include "tests/support/op_checks.h"
#include "tests/support/tensors.h"
#include "tests/support/window_faults.h"

namespace cg::test {
namespace {

using Numbers = std::vector<double>;

bool is_nan(double x) { return std::isnan(x); }
bool is_not_finite(double x) { return !std::isfinite(x); }

/// All that a forward writes, one after the other: outputs and overwritten inputs.
Numbers written(const Application& applied, const Example& example) {
  Numbers all;
  const auto add = [&](const Numbers& more) { all.insert(all.end(), more.begin(), more.end()); };
  for (std::size_t o = 0; o < applied.plan().outputs.size(); ++o) add(applied.output(o));
  for (std::size_t j = 0; j < example.inputs.size(); ++j)
    if (example.inputs[j].overwritten) add(applied.input(j));
  return all;
}

/// All gradients of a backward, one after the other.
Numbers gradients_of(const Application& applied, const Example& example) {
  Numbers all;
  for (std::size_t j = 0; j < example.inputs.size(); ++j)
    if ((example.differentiable() >> j) & 1u) {
      const Numbers more = applied.gradient(j);
      all.insert(all.end(), more.begin(), more.end());
    }
  return all;
}

bool has_backward(const Application& applied) { return static_cast<bool>(applied.kernel().backward); }

std::size_t any_place(const Numbers& numbers, Draw& draw) {
  return static_cast<std::size_t>(draw.size(0, static_cast<Index>(numbers.size()) - 1));
}

Example with(Example example, std::size_t input, std::size_t place, double value) {
  example.inputs[input].numbers[place] = value;
  return example;
}

bool is_positive(const ExampleInput& input) {
  return std::ranges::all_of(input.numbers, [](double x) { return x > 0; });
}

/// Other numbers in all inputs; where all were above 0, as variances are, they stay so.
Example with_other_numbers(Example example, Draw& draw) {
  for (ExampleInput& input : example.inputs) {
    const bool positive = is_positive(input);
    input.numbers = normals(draw.random, count(input.shape));
    if (positive)
      for (double& x : input.numbers) x = 0.1 + std::abs(x);
  }
  return example;
}

void mark_changes(const Numbers& before, const Numbers& after, std::vector<bool>& changed) {
  for (std::size_t k = 0; k < before.size(); ++k)
    if (before[k] != after[k]) changed[k] = true;
}

/// Compares where NaN is with where it should be. Empty: the same places.
std::string compare_places(const std::vector<bool>& got, const std::vector<bool>& want, bool may_be_more = false) {
  Index lost = 0, more = 0;
  for (std::size_t k = 0; k < want.size(); ++k) {
    lost += want[k] && !got[k];
    more += got[k] && !want[k];
  }
  if (lost == 0 && (more == 0 || may_be_more)) return "";
  return fmt::format("missing in {} and too much in {} of {} results", lost, more, want.size());
}

std::vector<bool> places(const Numbers& numbers, bool (*is)(double)) {
  std::vector<bool> out;
  for (const double x : numbers) out.push_back(is(x));
  return out;
}

// --- The reference against dependence ---

/// What a forward of the reference in double writes for an example, and then its recompute.
Numbers results(const Registry& registry, const Example& example) {
  HostBackend backend;
  Application applied(registry, backend, example, DType::f64);
  applied.forward();
  Numbers all = written(applied, example);
  if (!applied.kernel().recompute) return all;
  applied.recompute();
  const Numbers again = applied.output(0);
  all.insert(all.end(), again.begin(), again.end());
  return all;
}

/// What is wrong with the NaNs that one at a place of an input makes. A ReLU may hide a dependence for some numbers of
/// the other inputs: more are tried until all that is NaN has changed once.
std::string forward_complaint(const Registry& registry, const Example& example, std::size_t input, Draw& draw) {
  constexpr int rounds = 100;
  const std::size_t place = any_place(example.inputs[input].numbers, draw);
  const std::vector<bool> found = places(results(registry, with(example, input, place, not_a_number)), is_nan);
  std::vector<bool> depends(found.size(), false);
  std::string complaint;
  for (int round = 0; round < rounds; ++round) {
    const Example tried = round == 0 ? example : with_other_numbers(example, draw);
    const Numbers before = results(registry, tried);
    const double value = tried.inputs[input].numbers[place];
    for (const double step : {1e3, -1e3})
      if (step > 0 || !is_positive(example.inputs[input]))
        mark_changes(before, results(registry, with(tried, input, place, value + step)), depends);
    complaint = compare_places(found, depends);
    if (complaint.empty()) return "";
  }
  return fmt::format("NaN in input {}, number {}: {}\n", input, place, complaint);
}

/// The same for a NaN in the output's gradient, on which the backward depends linearly.
std::string backward_complaint(const Registry& registry, const Example& example, Draw& draw) {
  HostBackend backend;
  Application applied(registry, backend, example, DType::f64);
  if (!has_backward(applied)) return "";
  applied.forward();
  auto gradients = random_gradients(draw.random, applied.plan());
  const std::size_t place = any_place(gradients[0], draw);
  const auto at = [&](double value) {
    gradients[0][place] = value;
    applied.backward(gradients, example.differentiable());
    return gradients_of(applied, example);
  };
  const Numbers before = at(1);
  std::vector<bool> depends(before.size(), false);
  mark_changes(before, at(1e3), depends);
  const std::string complaint = compare_places(places(at(not_a_number), is_nan), depends);
  return complaint.empty() ? "" : fmt::format("NaN in the output's gradient, number {}: {}\n", place, complaint);
}

std::string nan_complaint(const Registry& registry, const Example& example, Draw& draw) {
  std::string complaints;
  for (std::size_t j = 0; j < example.inputs.size(); ++j) complaints += forward_complaint(registry, example, j, draw);
  return complaints + backward_complaint(registry, example, draw);
}

// --- A kernel against the reference ---

/// A fast convolution also multiplies by zeros that are in no formula, and 0 · NaN is NaN: by those of the padding, and
/// in the stem by those that widen its windows (tensor/backend/stem.h). So it may make NaN of more results.
bool may_spread(const Cell& cell, const Example& example) {
  return example.op.type == typeid(Conv3d) && cell.backend.device() != Device::reference;
}

/// Calls body(window, x's place in the saved tensors) where the example's op keeps winners.
template <class Body>
void if_pooling(const Example& example, const Body& body) {
  if (example.op.type == typeid(MaxPool3d))
    body(static_cast<const MaxPool3d*>(example.op.op.get())->window(), std::size_t{0});
  if (example.op.type == typeid(BatchNormReluMaxPool))
    body(static_cast<const BatchNormReluMaxPool*>(example.op.op.get())->pool.window(), std::size_t{2});
}

/// Every winner is a voxel of its window, and one that is NaN where the window has one. Where the statistics of a
/// channel are NaN, all of its normalised values are.
std::string winners_complaint(const Application& applied, const Example& example) {
  std::string complaint;
  if_pooling(example, [&](const Window& window, std::size_t saved) {
    const Numbers winners = applied.saved(saved), mean = saved > 0 ? applied.saved(0) : Numbers{0};
    const Numbers& x = example.inputs[0].numbers;
    std::vector<bool> inside(winners.size(), false), has_nan(winners.size(), false), won_by_nan(winners.size(), false);
    for_each_window_value(example.inputs[0].shape, applied.plan().outputs[0].shape, window,
                          [&](std::size_t in, std::size_t out, Index tap) {
                            const bool won = winners[out] == static_cast<double>(tap);
                            const bool is = is_nan(x[in]) && !is_nan(mean[out % mean.size()]);
                            inside[out] = inside[out] || won;
                            has_nan[out] = has_nan[out] || is;
                            won_by_nan[out] = won_by_nan[out] || (won && is);
                          });
    if (!std::ranges::all_of(inside, [](bool in) { return in; })) complaint += "a winner is outside of its window\n";
    if (won_by_nan != has_nan) complaint += "NaN did not win its window\n";
  });
  return complaint;
}

/// A kernel and the reference, on an example with a number that is not finite.
class Pair {
 public:
  Pair(const Cell& cell, const Example& example)
      : example_(example),
        spreads_(may_spread(cell, example)),
        fast_(cell.registry, cell.backend, example, cell.dtype),
        exact_(cell.registry, host_, example, DType::f64) {}

  /// `more`: a kernel may also overflow where the reference does not.
  std::string forward(bool (*is)(double), bool more) {
    fast_.forward();
    exact_.forward();
    std::string complaints =
        compared("", places(written(fast_, example_), is), places(written(exact_, example_), is), more);
    if (fast_.kernel().recompute) {
      const auto before = places(fast_.output(0), is);
      fast_.recompute();
      complaints += compared("recomputed: ", places(fast_.output(0), is), before, false);
    }
    return complaints + winners_complaint(fast_, example_);
  }

  /// With a gradient of the output. `exactly`: NaN in the same places; otherwise the kernel may have fewer.
  std::string backward(const Numbers& gradient, bool exactly) {
    if (!has_backward(fast_)) return "";
    fast_.backward({gradient}, example_.differentiable());
    exact_.backward({gradient}, example_.differentiable());
    const Numbers got = gradients_of(fast_, example_), want = gradients_of(exact_, example_);
    if (exactly) return compared("gradients: ", places(got, is_nan), places(want, is_nan), false);
    // the kernel's are not finite only where the reference's are not
    return compared("gradients: ", places(want, is_not_finite), places(got, is_not_finite), true);
  }

  Numbers random_gradient(Draw& draw) const {
    if (!has_backward(fast_)) return {};
    return rounded(random_gradients(draw.random, exact_.plan())[0], fast_.plan().outputs[0].dtype);
  }

 private:
  std::string compared(const std::string& what, const std::vector<bool>& got, const std::vector<bool>& want,
                       bool more) const {
    const std::string complaint = compare_places(got, want, more || spreads_);
    return complaint.empty() ? "" : what + complaint + "\n";
  }

  const Example& example_;
  bool spreads_;
  HostBackend host_;
  Application fast_, exact_;
};

}  // namespace

OpCheck nan_check() {
  return {"NaN", [](const Registry&, const Example&) { return true; }, nan_complaint};
}

std::string not_finite_complaint(const Cell& cell, const Example& example, Draw& draw) {
  std::string complaints;
  const auto collect = [&](const std::string& where, const std::string& found) {
    if (!found.empty()) complaints += fmt::format("{}: {}", where, found);
  };
  for (std::size_t j = 0; j < example.inputs.size(); ++j) {
    const std::size_t place = any_place(example.inputs[j].numbers, draw);
    for (const double value : {not_a_number, infinity}) {
      const std::string where = fmt::format("{} in input {}, number {}", value, j, place);
      const Example planted = with(example, j, place, value);
      Pair pair(cell, planted);
      collect(where,
              pair.forward(is_nan(value) ? is_nan : is_not_finite, !is_nan(value) && planted.inputs[j].parameter));
      collect(where, pair.backward(pair.random_gradient(draw), false));
    }
  }
  Pair pair(cell, example);
  Numbers gradient = pair.random_gradient(draw);
  if (gradient.empty()) return complaints;
  pair.forward(is_nan, false);
  gradient[any_place(gradient, draw)] = not_a_number;
  collect("NaN in the output's gradient", pair.backward(gradient, true));
  return complaints;
}

void check_not_finite(const Cell& cell, const std::string& op, const std::string& name) {
  constexpr std::uint64_t small = 60, large = 4;
  const OpTests& examples = op_tests().at(op);
  const bool fast = cell.backend.device() != Device::reference;  // has other ways for large volumes
  for (std::uint64_t seed = 1; seed <= small + (fast && examples.draw_large ? large : 0); ++seed) {
    Draw draw = Draw::seeded(seed, cell.dtype);
    const Example example = rounded(seed > small ? examples.draw_large(draw) : examples.draw(draw), cell.dtype);
    const std::string complaints = not_finite_complaint(cell, example, draw);
    CHECK_MESSAGE(complaints.empty(), name, ", seed ", seed, ", ", example.text, ": ", complaints);
    if (!complaints.empty()) return;
  }
}

}  // namespace cg::test
