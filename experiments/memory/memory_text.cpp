// SPDX-License-Identifier: Apache-2.0
#include "experiments/memory/memory_text.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>

#include "experiments/program/csv.h"
#include "experiments/program/program.h"

namespace cg {
namespace {

constexpr std::size_t named_holders = 12;  // at the peak; the others are one line
constexpr int longest_bar = 32;

double share(Index part, Index whole) { return whole > 0 ? static_cast<double>(part) / static_cast<double>(whole) : 0; }

/// Three parts of a whole as one bar: stays from step to step, kept for backward, passing.
using Parts = std::array<Index, 3>;

std::string bar(const TextStyle& style, const Parts& parts, Index full, int width) {
  constexpr const char* blocks[] = {"\u2588", "\u2593", "\u2591"};
  constexpr const char* letters[] = {"#", "=", "."};
  std::string out;
  int drawn = 0;
  Index sum = 0;
  for (std::size_t k = 0; k < parts.size(); ++k) {
    sum += parts[k];
    for (const auto end = static_cast<int>(std::lround(share(sum, full) * width)); drawn < end; ++drawn)
      out += style.unicode ? blocks[k] : letters[k];
  }
  return out;
}

std::string bar_legend(const TextStyle& style) {
  const auto sample = [&](std::size_t k) {
    Parts parts{};
    parts[k] = 1;
    return bar(style, parts, 1, 1);
  };
  return fmt::format("at the peak: {} parameters, gradients, Adam   {} kept for backward   {} passing\n", sample(0),
                     sample(1), sample(2));
}

/// A cell of a table in MB; empty for 0.
std::string cell(Index bytes) { return bytes > 0 ? megabytes(bytes) : ""; }

std::string header(const StepMemory& memory, const StepDescription& step, const TextStyle& style) {
  const char* by = style.unicode ? "\u00d7" : "x";
  const Triple& v = step.volume;
  std::string out = "Memory of a training step, planned\n\n";
  out += fmt::format("  config     {}\n", printable(step.config));
  out += fmt::format("  batch      {} volumes of {} {} {} {} {} voxels\n", memory.subjects, v[0], by, v[1], by, v[2]);
  out += fmt::format("  device     {}\n", step.device);
  out += fmt::format("  precision  activations in {}, parameters in {}\n\n", name_of(step.activations),
                     name_of(step.parameters));
  return out;
}

struct Row {
  std::vector<std::string> cells;  // the name, then numbers
  Parts bar = {};
};

/// Rows under their headings, with numbers aligned to the right; the bars use the rest of the line.
std::string table(const std::vector<Row>& rows, Index full, const TextStyle& style) {
  std::vector<std::size_t> widths(rows[0].cells.size());
  for (const Row& row : rows)
    for (std::size_t k = 0; k < widths.size(); ++k) widths[k] = std::max(widths[k], row.cells[k].size());
  int left = style.columns;
  for (std::size_t width : widths) left -= static_cast<int>(width) + 2;
  std::string out;
  for (const Row& row : rows) {
    std::string line = fmt::format("{:<{}}", row.cells[0], widths[0]);
    for (std::size_t k = 1; k < widths.size(); ++k) line += fmt::format("  {:>{}}", row.cells[k], widths[k]);
    line += "  " + bar(style, row.bar, full, std::clamp(left, 0, longest_bar));
    out += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  }
  return out;
}

std::string layer_table(const MemoryProfile& profile, const TextStyle& style) {
  std::vector<Row> rows = {{{"layer (MB)", "param", "grad", "Adam", "kept", "scratch", "at peak"}}};
  const auto add = [&](const LayerMemory& layer, bool with_bar) {
    Row row{{layer.name, cell(layer.fixed.parameters), cell(layer.fixed.gradients), cell(layer.fixed.adam),
             cell(layer.kept), cell(layer.scratch), cell(layer.at_peak)}};
    if (with_bar) row.bar = {layer.fixed.total(), layer.kept_at_peak, layer.at_peak - layer.kept_at_peak};
    rows.push_back(std::move(row));
  };
  Index full = 0;
  for (const LayerMemory& layer : profile.layers) {
    add(layer, true);
    full = std::max(full, layer.fixed.total() + layer.at_peak);
  }
  rows.push_back({std::vector<std::string>(rows[0].cells.size())});
  add(profile.total, false);
  return table(rows, full, style) + bar_legend(style) +
         "scratch: the most at one time of workspace, gradients and passing outputs\n\n";
}

std::string peak_table(const MemoryPlan& plan, const MemoryProfile& profile, const TextStyle& style) {
  std::string out = fmt::format("Peak: {} MB alive at time {} of {},\nin the {}\n", megabytes(plan.live_bytes()),
                                plan.time_of_peak(), 2 * plan.ops().size(), moment(plan, plan.time_of_peak()).text());
  std::vector<Row> rows;
  Index rest = plan.live_bytes();
  const auto add = [&](const std::string& layer, const std::string& role, Index bytes, const Parts& parts) {
    rows.push_back({{fmt::format("  {:<29}  {:<18}", layer, role), megabytes(bytes),
                     fmt::format("{:.1f} %", 100 * share(bytes, plan.live_bytes()))},
                    parts});
  };
  const std::size_t shown = std::min(named_holders, profile.holders.size());
  for (std::size_t k = 0; k < shown; ++k) {
    const Buffer& buffer = *profile.holders[k];
    const bool kept = is_kept(plan, buffer);
    add(buffer.scope, role_text(plan, buffer), buffer.bytes, {0, kept ? buffer.bytes : 0, kept ? 0 : buffer.bytes});
    rest -= buffer.bytes;
  }
  if (shown < profile.holders.size())
    add(fmt::format("{} smaller buffers", profile.holders.size() - shown), "", rest, {});
  return out + table(rows, profile.holders.empty() ? 1 : profile.holders[0]->bytes, style) + "\n";
}

std::string totals(const StepMemory& memory, const StepDescription& step) {
  const FixedMemory fixed = memory.fixed_sum();
  const MemoryPlan& plan = memory.plan;
  std::string out = "Totals (MB)\n";
  const auto line = [&](const std::string& name, Index bytes, const std::string& note) {
    out += fmt::format("  {:<28}{:>10}{}{}\n", name, megabytes(bytes), note.empty() ? "" : "   ", note);
  };
  line("arena as planned", plan.arena_bytes(),
       fmt::format("{:.1f} % above the minimum of {}", plan.percent_lost(), megabytes(plan.live_bytes())));
  line("parameters, gradients, Adam", fixed.total(),
       fmt::format("{} + {} + {}", megabytes(fixed.parameters), megabytes(fixed.gradients), megabytes(fixed.adam)));
  line("the batch's volumes", memory.volumes, "");
  line("sum", memory.total(), "");
  if (step.free > 0)
    line("free", step.free,
         memory.total() <= step.free ? fmt::format("{:.1f} % of it is needed", 100 * share(memory.total(), step.free))
                                     : "the step does not fit");
  return out;
}

}  // namespace

TextStyle terminal_style() {
  TextStyle style{.unicode = false};
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {  // the first that is set decides
    std::string locale = std::getenv(name) ? std::getenv(name) : "";
    if (locale.empty()) continue;
    std::transform(locale.begin(), locale.end(), locale.begin(), [](unsigned char c) { return std::tolower(c); });
    style.unicode = locale.find("utf-8") != std::string::npos || locale.find("utf8") != std::string::npos;
    break;
  }
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) style.columns = size.ws_col;
  style.columns = std::clamp(style.columns, 80, 120);
  return style;
}

std::string memory_text(const StepMemory& memory, const StepDescription& step, const TextStyle& style) {
  const MemoryProfile shown = profile(memory);
  return header(memory, step, style) + layer_table(shown, style) + peak_table(memory.plan, shown, style) +
         totals(memory, step);
}

std::string memory_csv(const MemoryPlan& plan) {
  std::string out = csv_line({"scope", "op", "role", "bytes", "first", "last", "offset"});
  for (const Buffer* b : in_time(plan))
    out += csv_line({csv_text(b->scope), csv_text(b->op), csv_text(name_of(b->role)), std::to_string(b->bytes),
                     std::to_string(b->first), std::to_string(b->last), std::to_string(b->offset)});
  return out;
}

}  // namespace cg
