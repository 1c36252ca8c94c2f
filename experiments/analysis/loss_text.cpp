#include "experiments/analysis/loss_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "experiments/analysis/loss_formulas.h"
#include "losses/registry.h"

namespace cg {
namespace {

using Matrix = Eigen::Map<const Array>;

/// A number in at most 10 columns.
std::string short_number(double x) {
  if (x == 0) return "0";
  return std::abs(x) >= 1e5 || std::abs(x) < 1e-4 ? fmt::format("{:.2e}", x) : fmt::format("{:.4f}", x);
}

std::string vector_text(const Row& v) {
  std::string out = "(";
  for (Index k = 0; k < v.size(); ++k) out += fmt::format("{}{:9.4f}", k ? ", " : "", v[k]);
  return out + ")";
}

class Text {
 public:
  Text(const LossCase& example, const Explanation& e)
      : c_(example),
        e_(e),
        n_(e.s.rows()),
        width_(static_cast<Index>(c_.z.size()) / n_),
        z_(c_.z.data(), n_, width_),
        gradient_(e.result.gradient.data(), n_, width_) {}

  std::string write() {
    heading();
    for (Index i = 0; i < n_; ++i) anchor(i);
    forces();
    out_ += fmt::format("value  {}: the anchors' rows add up to {}\n", short_number(e_.result.value),
                        short_number(std::accumulate(e_.result.rows.begin(), e_.result.rows.end(), 0.0)));
    return out_;
  }

 private:
  void heading();
  void anchor(Index i);
  void pair(Index i, Index t, int place);
  void forces();

  const LossCase& c_;
  const Explanation& e_;
  Index n_, width_;
  Matrix z_, gradient_;
  std::string out_;
};

/// The option as it would stand in a configuration.
std::string setting(const LossOptions& options, const std::string& key) {
  for (const auto& f : loss_fields())
    if (f.key == key) {
      const Value value = f.get(options);
      if (const auto* text = std::get_if<std::string>(&value)) return key + " " + *text;
      if (const auto* number = std::get_if<double>(&value)) return fmt::format("{} {:g}", key, *number);
      return fmt::format("{} {}", key, std::get<Index>(value));
    }
  return "";
}

void Text::heading() {
  const LossOptions& o = c_.options;
  const LossFormula f = formula_of(o);
  out_ +=
      fmt::format("{}, {}\n\n  {}\n  {}\n  {}\n\n  pulls   {}\n  pushes  {}\n\n", f.title,
                  !has_two_formulations(o.name)         ? "printed and published in one form"
                  : o.formulation == Formulation::paper ? "the printed formula (--formulation paper)"
                                                        : "as the published code computes it (--formulation reference)",
                  f.value, f.similarity, f.pull, f.pulls, f.pushes);
  out_ += fmt::format("  {} row{}, {} view{} of {} subject{}; {}, {}, {}, {}\n", n_, n_ == 1 ? "" : "s", c_.views,
                      c_.views == 1 ? "" : "s", n_ / c_.views, n_ / c_.views == 1 ? "" : "s", setting(o, "temperature"),
                      setting(o, "kernel"), setting(o, "sigma"), setting(o, "distance"));
  if (e_.result.metrics.neighbours > 0)
    out_ += fmt::format("  epoch {} of {}: NN(i) holds {} rows, i itself among them; far_decay (λ) {:g}\n", c_.epoch,
                        c_.max_epochs, e_.result.metrics.neighbours, o.far_decay);
  if (e_.result.metrics.anchors_without_weight > 0)
    out_ += fmt::format("  {} anchor(s) pull nobody and add 0\n", e_.result.metrics.anchors_without_weight);
}

void Text::pair(Index i, Index t, int place) {
  const auto cell = [](bool there, double x) { return there ? short_number(x) : std::string("·"); };
  out_ += fmt::format("  {:>4} {:>4} {:>7.1f} {:>9} {:>9} {:>9} {:>9} {:>10} {:>10} {:>11} {:>11}\n", place, t,
                      c_.ages[static_cast<std::size_t>(t)], short_number(e_.distance(i, t)), short_number(e_.s(i, t)),
                      cell(e_.w.size() > 0, e_.w.size() > 0 ? e_.w(i, t) : 0),
                      cell(e_.nu.size() > 0, e_.nu.size() > 0 ? e_.nu(i, t) : 0), short_number(e_.pull(i, t)),
                      short_number(e_.push(i, t)), short_number(-e_.pull(i, t) * e_.s(i, t)),
                      short_number(e_.pull(i, t) * e_.denominator(i, t)));
}

void Text::anchor(Index i) {
  const auto at = static_cast<std::size_t>(i);
  out_ +=
      fmt::format("\nanchor {}, {:g} years{}\n", i, c_.ages[at], width_ <= 3 ? ", z = " + vector_text(z_.row(i)) : "");
  out_ += fmt::format("  {:>4} {:>4} {:>7} {:>9} {:>9} {:>9} {:>9} {:>10} {:>10} {:>11} {:>11}\n", "near", "t", "years",
                      "distance", "s", "w", "ν", "pull a", "push p", "−a s", "a log Σ");
  std::vector<Index> order;
  for (Index t = 0; t < n_; ++t)
    if (t != i) order.push_back(t);
  std::stable_sort(order.begin(), order.end(), [&](Index a, Index b) { return e_.distance(i, a) < e_.distance(i, b); });
  for (int place = 1; const Index t : order) pair(i, t, place++);
  out_ +=
      fmt::format("  {:>57} {:>10} {:>10} {:>11} {:>11}\n", "sum", short_number(e_.pull.row(i).sum()),
                  short_number(e_.push.row(i).sum()), short_number(e_.attraction(i)), short_number(e_.repulsion(i)));
  out_ += fmt::format("  its row of the value: attraction {} + repulsion {} = {}   (evaluated: {})\n",
                      short_number(e_.attraction(i)), short_number(e_.repulsion(i)),
                      short_number(e_.attraction(i) + e_.repulsion(i)), short_number(e_.result.rows[at]));
}

/// Vectors where they are short, else their lengths.
void Text::forces() {
  const bool vectors = width_ <= 3;
  const Array sum = e_.pulled + e_.pushed, apart = sum + gradient_;
  const double largest = std::max(gradient_.abs().maxCoeff(), std::numeric_limits<double>::min());
  const auto text = [&](const Array& a, Index i) {
    return vectors ? vector_text(a.row(i)) : short_number(a.row(i).matrix().norm());
  };
  const int columns = vectors ? static_cast<int>(11 * width_) : 12;
  out_ += fmt::format("\nforces: what pulls and what pushes each {} adds up to −dL/dz{}\n",
                      c_.options.name == "nnclr" ? "prediction" : "embedding",
                      vectors ? "" : " (lengths of vectors are given)");
  out_ += fmt::format("  {:>4} {:>7}  {:>{}}  {:>{}}  {:>{}}  {:>{}}\n", "row", "years", "pulled", columns, "pushed",
                      columns, "sum", columns, "−dL/dz", columns);
  for (Index i = 0; i < n_; ++i)
    out_ += fmt::format("  {:>4} {:>7.1f}  {:>{}}  {:>{}}  {:>{}}  {:>{}}\n", i, c_.ages[static_cast<std::size_t>(i)],
                        text(e_.pulled, i), columns, text(e_.pushed, i), columns, text(sum, i), columns,
                        text(-gradient_, i), columns);
  out_ += fmt::format("  sum and −dL/dz differ by at most {:.1e} of the largest entry\n\n",
                      apart.abs().maxCoeff() / largest);
}

}  // namespace

std::string loss_text(const LossCase& example, const Explanation& explanation) {
  return Text(example, explanation).write();
}

}  // namespace cg
