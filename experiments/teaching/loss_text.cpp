// SPDX-License-Identifier: Apache-2.0
#include "experiments/teaching/loss_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "losses/dynlocrep.h"
#include "losses/registry.h"

namespace cg {
namespace {

using Matrix = Eigen::Map<const Array>;

/// A number in at most 10 columns.
std::string short_number(double x) {
  if (x == 0) return "0";
  return std::abs(x) >= 1e5 || std::abs(x) < 1e-4 ? fmt::format("{:.2e}", x) : fmt::format("{:.4f}", x);
}

/// A vector, 12 columns for each of its numbers.
std::string vector_text(const Row& v) {
  std::string out = "(";
  for (Index k = 0; k < v.size(); ++k) out += fmt::format("{}{:>10}", k ? ", " : "", short_number(v[k]));
  return out + ")";
}

/// A column of the anchors' tables: a number of every pair.
struct Column {
  std::string name;
  int width;
  Array numbers;
};

/// What the loss knows of a pair, and behind it the four columns that add up: pull, push, and both terms of the value
/// (D as in explanation.h).
std::vector<Column> columns(const Explanation& e) {
  std::vector<Column> out = {{"distance", 9, e.distance}, {"s", 9, e.s}};
  if (e.w.size() > 0) out.push_back({"w", 9, e.w});
  if (e.nu.size() > 0) out.push_back({"ν", 9, e.nu});
  if (e.c.size() > 0) out.push_back({"c", 9, e.c});
  out.push_back({"pull a", 10, e.pull});
  out.push_back({"push p", 10, e.push});
  out.push_back({"−a s", 11, -(e.pull * e.s)});
  out.push_back({"a D", 11, e.pull * e.denominator});
  return out;
}

class Text {
 public:
  Text(const LossCase& example, const Explanation& e)
      : c_(example),
        e_(e),
        n_(e.s.rows()),
        width_(static_cast<Index>(c_.z.size()) / n_),
        z_(c_.z.data(), n_, width_),
        gradient_(e.result.gradient.data(), n_, width_),
        columns_(columns(e)) {}

  std::string write() {
    heading();
    for (Index i = 0; i < n_; ++i) anchor(i);
    warn_of_another_form();
    forces();
    out_ += fmt::format("value  {}: the anchors' rows add up to {}\n", short_number(e_.result.value),
                        short_number(std::accumulate(e_.result.rows.begin(), e_.result.rows.end(), 0.0)));
    return out_;
  }

 private:
  void heading();
  Index queue_row(Index i) const;
  void anchor(Index i);
  void sums(Index i);
  void warn_of_another_form();
  void forces();

  const LossCase& c_;
  const Explanation& e_;
  Index n_, width_;
  Matrix z_, gradient_;
  std::vector<Column> columns_;
  std::string out_;
};

/// The option as it would stand in a configuration.
std::string setting(const LossOptions& options, const std::string& key) {
  for (const auto& f : loss_fields())
    if (f.key == key) {
      const Value value = f.get(with_published_values(options));
      if (const auto* text = std::get_if<std::string>(&value)) return key + " " + *text;
      if (const auto* number = std::get_if<double>(&value)) return fmt::format("{} {:g}", key, *number);
      return fmt::format("{} {}", key, std::get<Index>(value));
    }
  return "";
}

/// Those that the loss reads, and the distance that orders the tables, in lines that begin with two spaces.
std::string settings(const LossOptions& o, const LossFormula& formula, const Explanation& e) {
  constexpr std::size_t most_columns = 118;
  std::string out = "  " + setting(o, "temperature");
  std::size_t begin = 0;  // of the last line
  const auto add = [&](bool read, const std::string& key) {
    if (!read) return;
    const std::string next = setting(o, key);
    if (out.size() - begin + next.size() + 3 > most_columns) {  // 3: two commas and a space
      begin = out.size() + 2;
      out += ",\n  " + next;
    } else {
      out += ", " + next;
    }
  };
  add(formula.pull.find("τ_base") != std::string::npos, "base_temperature");
  add(e.w.size() > 0, "kernel");
  add(e.w.size() > 0, "sigma");
  for (const std::string& key : formula.options) add(true, key);
  add(true, "distance");
  return out;
}

void Text::heading() {
  const LossOptions& o = c_.options;
  const LossInfo& info = loss_info(o.name);
  const LossFormula& f = info.formula(o.shared.formulation);
  out_ += fmt::format("{}, {}\n\n  {}\n  {}\n  {}\n\n  pulls   {}\n  pushes  {}\n\n", info.title,
                      !info.has_two_formulations() ? "printed and published in one form"
                      : o.shared.formulation == Formulation::printed
                          ? "the printed formula (--formulation printed)"
                          : "as the published code computes it (--formulation published)",
                      f.value, f.similarity, f.pull, f.pulls, f.pushes);
  out_ += fmt::format("  {} row{}, {} view{} of {} subject{}\n{}\n", n_, n_ == 1 ? "" : "s", c_.views,
                      c_.views == 1 ? "" : "s", n_ / c_.views, n_ / c_.views == 1 ? "" : "s", settings(o, f, e_));
  if (e_.result.metrics.neighbours > 0) {
    out_ += fmt::format("  epoch {} of {}: NN(i) holds {} rows, i itself among them", c_.epoch, c_.max_epochs,
                        e_.result.metrics.neighbours);
    if (o.name == DynLocRep::name) out_ += fmt::format("; far_decay (λ) {:g}", o.own.of<DynLocRep>().far_decay);
    out_ += "\n";
  }
  if (e_.result.metrics.anchors_without_weight > 0)
    out_ += fmt::format("  {} anchor(s) have no row to pull and add 0\n", e_.result.metrics.anchors_without_weight);
}

/// Which row of the queue stands for anchor i.
Index Text::queue_row(Index i) const {
  const Matrix queue(c_.queue.data(), static_cast<Index>(c_.queue.size()) / width_, width_);
  Index row = 0;
  while ((queue.row(row) != e_.q.row(i)).any()) ++row;
  return row;
}

void Text::anchor(Index i) {
  const auto at = static_cast<std::size_t>(i);
  out_ += fmt::format("\nanchor {}, {:g} years", i, c_.ages[at]);
  if (width_ <= 3) out_ += ", z = " + vector_text(z_.row(i));
  if (e_.q.size() > 0) {
    out_ += fmt::format(", q = row {} of the queue", queue_row(i));
    if (width_ <= 3) out_ += " " + vector_text(e_.q.row(i));
  }
  if (e_.shift.size() > 0) out_ += ", m = " + short_number(e_.shift[i]);
  out_ += fmt::format("\n  {:>4} {:>4} {:>7}", "near", "t", "years");
  for (const Column& c : columns_) out_ += fmt::format(" {:>{}}", c.name, c.width);
  out_ += "\n";
  std::vector<Index> order;
  for (Index t = 0; t < n_; ++t)
    if (t != i) order.push_back(t);
  std::stable_sort(order.begin(), order.end(), [&](Index a, Index b) { return e_.distance(i, a) < e_.distance(i, b); });
  for (int place = 1; const Index t : order) {
    out_ += fmt::format("  {:>4} {:>4} {:>7.1f}", place++, t, c_.ages[static_cast<std::size_t>(t)]);
    for (const Column& c : columns_) out_ += fmt::format(" {:>{}}", short_number(c.numbers(i, t)), c.width);
    out_ += "\n";
  }
  sums(i);
}

/// Of the last four columns, and what they come to.
void Text::sums(Index i) {
  const std::size_t first = columns_.size() - 4;
  int before = 19;
  for (std::size_t k = 0; k < first; ++k) before += columns_[k].width + 1;
  out_ += fmt::format("{:>{}}", "sum", before);
  for (std::size_t k = first; k < columns_.size(); ++k)
    out_ += fmt::format(" {:>{}}", short_number(columns_[k].numbers.row(i).sum()), columns_[k].width);
  out_ += fmt::format("\n  its row of the value: attraction {} + repulsion {} = {}   (evaluated: {})\n",
                      short_number(e_.attraction(i)), short_number(e_.repulsion(i)),
                      short_number(e_.attraction(i) + e_.repulsion(i)),
                      short_number(e_.result.rows[static_cast<std::size_t>(i)]));
}

/// A loss of another form than Σ_i Σ_k a_ik [ D_ik − s_ik ] is not what the tables show.
void Text::warn_of_another_form() {
  double off = 0;  // relative to the largest of the numbers that are added and compared
  for (Index i = 0; i < n_; ++i) {
    const double attraction = e_.attraction(i), repulsion = e_.repulsion(i),
                 row = e_.result.rows[static_cast<std::size_t>(i)];
    const double largest = std::max({std::abs(attraction), std::abs(repulsion), std::abs(row)});
    if (largest > 0) off = std::max(off, std::abs(attraction + repulsion - row) / largest);
  }
  if (off > 1e-9)
    out_ += fmt::format(
        "\nwarning: attraction and repulsion do not add up to the value (off by {:.1e}). This loss has not the form\n"
        "         L = Σ_i Σ_k a_ik [ D_ik − s_ik ], and the tables do not explain it: docs/extending.md, \"A loss\"\n",
        off);
}

/// Vectors where they are short, else their lengths.
void Text::forces() {
  const bool vectors = width_ <= 3;
  const Array sum = e_.pulled + e_.pushed, apart = sum + gradient_;
  const double largest = std::max(gradient_.abs().maxCoeff(), std::numeric_limits<double>::min());
  const auto text = [&](const Array& a, Index i) {
    return vectors ? vector_text(a.row(i)) : short_number(a.row(i).matrix().norm());
  };
  const int columns = vectors ? static_cast<int>(12 * width_) : 12;
  out_ += fmt::format("\nforces: what pulls and what pushes each {} adds up to −dL/dz{}\n",
                      e_.q.size() > 0 ? "prediction" : "embedding", vectors ? "" : " (lengths of vectors are given)");
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
