// SPDX-License-Identifier: Apache-2.0
// Times the losses for growing batches, for comparison with the loops of the printed formula: benchmark losses.
#pragma once

#include <fmt/format.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "experiments/program/stopwatch.h"
#include "losses/registry.h"
#include "tools/benchmark/deterministic.h"
#include "tools/benchmark/plain_losses.h"

namespace cg {

struct LossBenchmark {
  std::vector<Index> rows = {64, 128, 256, 512, 1024, 2048, 4096};
  Index width = 128;
  double plain_seconds = 20;  ///< the loops of the printed formula are skipped if they take longer
};

/// A line of the table: seconds by number of rows; no value if it was skipped.
struct LossTimes {
  std::string loss, formulation, way;
  std::vector<std::optional<double>> seconds;
  std::vector<double> values;

  /// log(t₂/t₁) / log(n₂/n₁) of the last two measured sizes; no value if fewer were measured.
  std::optional<double> growth(const std::vector<Index>& rows) const {
    std::size_t last = seconds.size();
    while (last > 0 && !seconds[last - 1]) --last;
    if (last < 2) return std::nullopt;
    return std::log(*seconds[last - 1] / *seconds[last - 2]) /
           std::log(static_cast<double>(rows[last - 1]) / static_cast<double>(rows[last - 2]));
  }
};

/// The seconds of the shortest call in half a second of calls.
template <class Call>
double shortest(const Call& call) {
  const auto first = Clock::now();
  double best = 1e9;
  do {
    const auto start = Clock::now();
    call();
    best = std::min(best, seconds_since(start));
  } while (seconds_since(first) < 0.5);
  return best;
}

/// A batch of two equal halves, as two views of the subjects.
class LossBatch {
 public:
  LossBatch(Index rows, Index width)
      : z_(deterministic_rows(rows, width, 3000)),
        predictions_(deterministic_rows(rows, width, 3001)),
        queue_(deterministic_rows(256, width, 3002)),
        ages_(deterministic_ages(rows / 2)) {
    ages_.insert(ages_.end(), ages_.begin(), ages_.begin() + rows / 2);
  }
  LossInput input() const {
    return {.z = z_, .ages = ages_, .views = 2, .epoch = 25, .predictions = predictions_, .queue = queue_};
  }

 private:
  std::vector<double> z_, predictions_, queue_, ages_;
};

/// All losses in their published formulation. The losses with age weights also as printed, which has a different cost.
inline std::vector<LossOptions> losses_to_time() {
  std::vector<LossOptions> all;
  for (const std::string& name : loss_names())
    for (const Formulation formulation : {Formulation::printed, Formulation::published}) {
      const LossInfo& info = loss_info(name);
      if (info.weighs || formulation == Formulation::published)
        all.push_back({.name = name, .shared = {.formulation = formulation}});
    }
  return all;
}

/// Times value and gradient of our losses, and the value by the loops of the printed formula if they are O(n³).
inline std::vector<LossTimes> time_losses(const LossBenchmark& o) {
  std::vector<LossTimes> table;
  for (const LossOptions& options : losses_to_time()) {
    const std::string formulation = options.shared.formulation == Formulation::printed ? "printed" : "published";
    LossTimes ours{options.name, formulation, "ours", {}, {}}, plain{options.name, formulation, "plain", {}, {}};
    const auto loss = make_loss(options);
    for (std::size_t k = 0; k < o.rows.size(); ++k) {
      const LossBatch batch(o.rows[k], o.width);
      double value = 0;
      ours.seconds.push_back(shortest([&] { value = loss->evaluate(batch.input()).value; }));
      ours.values.push_back(value);
      const double larger = k == 0 ? 1 : static_cast<double>(o.rows[k]) / static_cast<double>(o.rows[k - 1]);
      const auto before = k == 0 ? std::optional(0.0) : plain.seconds.back();
      plain.seconds.emplace_back();
      if (!before || *before * larger * larger * larger >= o.plain_seconds) continue;
      std::optional<double> same;
      const double seconds = shortest([&] { same = plain_loops::value(options, batch.input()); });
      if (same) plain.seconds.back() = seconds;
    }
    table.push_back(ours);
    if (plain.seconds.front()) table.push_back(plain);
  }
  return table;
}

/// The table as readable text.
inline std::string to_string(const std::vector<LossTimes>& table, const LossBenchmark& o) {
  std::string text = fmt::format("{:<26}", "milliseconds, rows n =");
  for (const Index n : o.rows) text += fmt::format(" {:>8}", n);
  text += "  growth\n";
  for (const LossTimes& line : table) {
    const bool plain = line.way == "plain";
    text += fmt::format("{:<26}", plain ? "  printed formula's loops" : line.loss + " " + line.formulation);
    for (const auto& seconds : line.seconds)
      text += seconds ? fmt::format(" {:>8.{}f}", 1e3 * *seconds, *seconds < 0.1 ? 2 : 0) : fmt::format(" {:>8}", "-");
    const auto growth = line.growth(o.rows);
    text += growth ? fmt::format("   n^{:.2f}\n", *growth) : "\n";
  }
  return text + fmt::format(
                    "Ours: value and gradient in double, one core, width {}. Loops: only the value; -: more than {:g} "
                    "s.\nGrowth: the exponent between the last two measured sizes.\n",
                    o.width, o.plain_seconds);
}

inline nlohmann::json to_json(const std::vector<LossTimes>& table, const LossBenchmark& o) {
  nlohmann::json all = nlohmann::json::array();
  for (const LossTimes& line : table)
    for (std::size_t k = 0; k < o.rows.size(); ++k)
      if (line.seconds[k])
        all.push_back({{"loss", line.loss},
                       {"formulation", line.formulation},
                       {"way", line.way},
                       {"rows", o.rows[k]},
                       {"seconds", *line.seconds[k]},
                       {"value", k < line.values.size() ? line.values[k] : 0}});
  return all;
}

}  // namespace cg
