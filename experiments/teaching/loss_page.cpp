// SPDX-License-Identifier: Apache-2.0
#include "experiments/teaching/loss_page.h"

#include <fmt/format.h>

#include <bit>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "experiments/teaching/age_order.h"
#include "experiments/teaching/descent.h"
#include "experiments/teaching/loss_example.h"
#include "losses/dynlocrep.h"
#include "losses/explanation.h"
#include "losses/registry.h"

namespace cg {
namespace {

using nlohmann::json;
using Numbers = std::vector<double>;

/// Lists of numbers as text; equal ones are kept once.
class Store {
 public:
  /// The place of a list, or −1 of an empty one.
  Index place(const Numbers& list) {
    if (list.empty()) return -1;
    std::string text;
    for (const double x : list) append(x, text);
    const auto [found, is_new] = places_.try_emplace(text, static_cast<Index>(starts_.size()));
    if (is_new) {
      starts_.push_back(static_cast<Index>(numbers_.size() / 4));
      numbers_ += text;
    }
    return found->second;
  }
  const std::vector<Index>& starts() const { return starts_; }
  const std::string& numbers() const { return numbers_; }

 private:
  static void append(double x, std::string& out) {
    static constexpr char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const auto bits = (std::bit_cast<std::uint64_t>(x) + (std::uint64_t{1} << 39)) >> 40;  // to the nearest
    for (int shift = 18; shift >= 0; shift -= 6) out += digits[bits >> shift & 63];
  }

  std::map<std::string, Index> places_;
  std::vector<Index> starts_;
  std::string numbers_;
};

Numbers list_of(const Array& a) { return {a.data(), a.data() + a.size()}; }

/// What the lists of a scene are, in their order; the page finds them by these names.
const std::vector<std::string> parts = {"z",     "s",    "distance", "w",     "nu",    "c", "pull",  "push",
                                        "terms", "sums", "forces",   "edges", "shift", "q", "queue", "order"};

/// For each anchor Σ a, attraction, repulsion, and its row of the value; behind them the value.
Numbers sums(const Explanation& e) {
  Numbers out;
  for (Index i = 0; i < e.s.rows(); ++i) {
    const double row = e.result.rows[static_cast<std::size_t>(i)];
    out.insert(out.end(), {e.pull.row(i).sum(), e.attraction(i), e.repulsion(i), row});
  }
  out.push_back(e.result.value);
  return out;
}

/// The distance of each anchor's farthest neighbour, and behind them how many rows NN(i) holds; or nothing.
Numbers edges(const Explanation& e) {
  const Index neighbours = e.result.metrics.neighbours;
  if (neighbours == 0) return {};
  const Array near = log_repulsion(e.distance, neighbours, std::numeric_limits<double>::infinity());
  Numbers out;
  for (Index i = 0; i < near.rows(); ++i) out.push_back((near.row(i) == 0).select(e.distance.row(i), 0.0).maxCoeff());
  out.push_back(static_cast<double>(neighbours));
  return out;
}

/// How well the embeddings of the younger group, of the older group and of all rows are ordered by age.
Numbers orders(const LossCase& c) {
  const double between = largest_gap(c.ages), none = -1, all = std::numeric_limits<double>::infinity();
  return {order_by_age(c, none, between), order_by_age(c, between, all), order_by_age(c, none, all)};
}

class Data {
 public:
  explicit Data(const PageGrid& grid) : grid_(grid) {}

  std::string write() {
    json scenes;
    for (const auto& [geometry, width] : {std::pair{"circle", Index{2}}, {"sphere", Index{3}}})
      for (const std::string& loss : loss_names()) add_loss(scenes[geometry], loss, width);
    json infinite = grid_.far_decays;
    for (json& x : infinite)
      if (std::isinf(x.get<double>())) x = "∞";
    const json all = {{"ages", example("simclr", 2).ages},
                      {"views", grid_.views},
                      {"epochs", grid_.epochs},
                      {"sigmas", grid_.sigmas},
                      {"temperatures", grid_.temperatures},
                      {"far_decays", infinite},
                      {"between_groups", largest_gap(grid_.subject_ages)},
                      {"losses", losses()},
                      {"parts", parts},
                      {"scenes", scenes},
                      {"starts", store_.starts()},
                      {"numbers", store_.numbers()}};
    std::string text = all.dump();
    for (std::size_t at = 0; (at = text.find('<', at)) != std::string::npos;) text.replace(at, 1, "\\u003c");
    return text;
  }

 private:
  LossCase example(const std::string& loss, Index width) const {
    LossOptions options{.name = loss, .shared = {.distance = Distance::euclidean}};
    options.own.of<DynLocRep>().final_neighbours = grid_.final_neighbours;
    LossCase out = make_example(options, grid_.subject_ages, grid_.arrangement(width));
    out.max_epochs = grid_.epochs.back();
    return out;
  }

  /// What is known of every loss, in the order of the registry.
  json losses() const {
    json out = json::array();
    for (const std::string& name : loss_names()) {
      const LossInfo& info = loss_info(name);
      json formulas;
      for (const auto& [formulation, word] :
           {std::pair{Formulation::printed, "printed"}, {Formulation::published, "published"}}) {
        const LossFormula f = info.formula(formulation);
        formulas[word] = {{"value", f.value},
                          {"pull", f.pull},
                          {"similarity", f.similarity},
                          {"pulls", f.pulls},
                          {"pushes", f.pushes}};
      }
      out.push_back({{"name", name},
                     {"title", info.title},
                     {"two", info.has_two_formulations()},
                     {"weighs", info.weighs},
                     {"selects", info.selects},
                     {"temperature", info.temperature},
                     {"formulas", formulas}});
    }
    return out;
  }

  void add_loss(json& scenes, const std::string& name, Index width) {
    const LossCase start = example(name, width);
    const LossInfo& info = loss_info(name);
    const std::size_t sigmas = info.weighs ? grid_.sigmas.size() : 1;
    const std::size_t decays = info.selects ? grid_.far_decays.size() : 1;
    for (const auto formulation : {Formulation::printed, Formulation::published})
      for (std::size_t s = 0; s < sigmas; ++s)
        for (std::size_t t = 0; t < grid_.temperatures.size(); ++t)
          for (std::size_t f = 0; f < decays; ++f) {
            if (formulation == Formulation::printed && !info.has_two_formulations()) continue;
            LossCase c = start;
            c.options.shared.formulation = formulation;
            c.options.shared.sigma = grid_.sigmas[s];
            c.options.shared.temperature = grid_.temperatures[t] * info.temperature;
            c.options.own.of<DynLocRep>().far_decay = grid_.far_decays[info.selects ? f : grid_.far_decays.size() - 1];
            const std::string key = fmt::format("{}/{}/{}/{}/{}", name,
                                                formulation == Formulation::printed ? "printed" : "published", s, t, f);
            scenes["still"][key] = still(c, width);
            scenes["moving"][key] = moving(c, width);
          }
  }

  json still(LossCase c, Index width) {
    json out = json::array();
    for (const Index epoch : grid_.epochs) {
      c.epoch = epoch;
      out.push_back(scene(c, width));
    }
    return out;
  }

  json moving(const LossCase& start, Index width) {
    json out = json::array();
    for (const LossCase& frame : descend(start, grid_.epochs)) out.push_back(scene(frame, width));
    return out;
  }

  /// The places of a scene's lists, in the order of `parts`.
  json scene(const LossCase& c, Index width) {
    const Explanation e = make_loss(c.options)->explain(c.input());
    const Eigen::Map<const Array> z(c.z.data(), e.s.rows(), width);
    json out = json::array();
    for (const Numbers& list : {c.z, list_of(e.s), list_of(e.distance), list_of(e.w), list_of(e.nu), list_of(e.c),
                                list_of(e.pull), list_of(e.push), list_of(e.pull * (e.denominator - e.s)), sums(e),
                                list_of(tangential(e.pulled + e.pushed, z)), edges(e), list_of(e.shift), list_of(e.q),
                                e.q.size() > 0 ? c.queue : Numbers(), orders(c)})
      out.push_back(store_.place(list));
    return out;
  }

  const PageGrid& grid_;
  Store store_;
};

void replace(std::string& text, const std::string& word, const std::string& by) {
  text.replace(text.find(word), word.size(), by);
}

}  // namespace

std::string loss_page_data(const PageGrid& grid) { return Data(grid).write(); }

std::string loss_page(const PageSource& source, const PageGrid& grid) {
  std::string page = source.html;
  replace(page, "@STYLE@", source.css);
  replace(page, "@SCRIPT@", source.script);
  replace(page, "@DATA@", loss_page_data(grid));
  return page;
}

}  // namespace cg
