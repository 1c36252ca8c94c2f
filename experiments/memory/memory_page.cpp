// SPDX-License-Identifier: Apache-2.0
#include "experiments/memory/memory_page.h"

#include <fmt/format.h>

#include <algorithm>

#include "experiments/memory/memory_page_style.h"
#include "experiments/memory/memory_timeline.h"
#include "experiments/pages/page_style.h"

namespace cg {
namespace {

constexpr std::size_t named_holders = 24;  // at the peak; the others are one line

double percent(Index part, Index whole) {
  return whole > 0 ? 100 * static_cast<double>(part) / static_cast<double>(whole) : 0;
}

class Page {
 public:
  Page(const StepMemory& memory, const StepDescription& step)
      : memory_(memory), plan_(memory.plan), step_(step), profile_(profile(memory)), stages_(profile_) {}

  std::string write() {
    page_.own("<!DOCTYPE html>\n").open("html", {{"lang", "en"}});
    head();
    page_.open("body");
    heading();
    whole();
    timeline();
    layer_table();
    holders();
    page_.element("footer", {},
                  "Planned by profile_memory from shapes alone; MB are 10^6 bytes. This page loads nothing from other "
                  "places.");
    page_.open("script").own(memory_page_script).close();
    return page_.close().close().take();
  }

 private:
  void head();
  void heading();
  void tile(Index bytes, const std::string& text);
  void whole();
  void timeline();
  void legend();
  void layer_table();
  void layer_row(const LayerMemory& layer, Index full);
  void numbers(const LayerMemory& layer);
  void bar_part(const std::string& kind, Index bytes, Index full);
  void holder_row(const Buffer& b);
  void holders();

  const StepMemory& memory_;
  const MemoryPlan& plan_;
  const StepDescription& step_;
  MemoryProfile profile_;
  Stages stages_;
  Markup page_;
};

void Page::head() {
  page_.open("head").empty("meta", {{"charset", "utf-8"}});
  page_.empty("meta", {{"name", "viewport"}, {"content", "width=device-width, initial-scale=1"}});
  page_.empty("meta", {{"http-equiv", "Content-Security-Policy"},
                       {"content", "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'"}});
  page_.element("title", {}, fmt::format("Memory of a training step: {}, batch {}", step_.config, memory_.subjects));
  page_.open("style").own(page_style).own(memory_page_style).close();
  page_.close();
}

void Page::tile(Index bytes, const std::string& text) {
  page_.open("div", {{"class", "tile"}}).element("b", {}, megabytes(bytes) + " MB").element("span", {}, text).close();
}

void Page::heading() {
  const Triple& v = step_.volume;
  page_.element("h1", {}, "Memory of a training step");
  page_.open("p", {{"class", "step"}}).element("b", {}, step_.config);
  page_.text(fmt::format(
      " \u00b7 {} volumes of {} \u00d7 {} \u00d7 {} voxels \u00b7 {} \u00b7 activations in {}, "
      "parameters in {}",
      memory_.subjects, v[0], v[1], v[2], step_.device, name_of(step_.activations), name_of(step_.parameters)));
  page_.close().open("div", {{"class", "tiles"}});
  tile(memory_.total(),
       step_.free > 0 ? fmt::format("in total, of {} MB that are free", megabytes(step_.free)) : "in total");
  tile(plan_.live_bytes(), "alive at the peak, in the " + moment(plan_, plan_.time_of_peak()).text());
  tile(plan_.arena_bytes(),
       fmt::format("the arena, {:.1f} % above the minimum, which is alive at the peak", plan_.percent_lost()));
  tile(memory_.fixed_sum().total(), "parameters, gradients and Adam's two moments");
  page_.close();
}

/// The total memory at the peak as one bar.
void Page::whole() {
  const FixedMemory& fixed = profile_.total.fixed;
  const Index kept = profile_.total.kept_at_peak, passing = plan_.live_bytes() - kept;
  const struct {
    const char *name, *colour;
    Index bytes;
  } parts[] = {{"parameters", "w0", fixed.parameters},
               {"gradients", "w1", fixed.gradients},
               {"Adam", "w2", fixed.adam},
               {"the batch's volumes", "w3", memory_.volumes},
               {"kept for backward", "w4", kept},
               {"passing at the peak", "w5", passing},
               {"lost between buffers", "w6", plan_.arena_bytes() - plan_.live_bytes()}};
  page_.open("div", {{"class", "whole"}, {"aria-hidden", "true"}});
  for (const auto& part : parts)
    page_.element("span", {{"class", part.colour}, {"style", fmt::format("flex:{}", part.bytes)}}, "");
  page_.close().open("ul", {{"class", "legend"}});
  for (const auto& part : parts) {
    page_.open("li").element("i", {{"class", part.colour}}, "").text(std::string(part.name) + " ");
    page_.element("b", {}, megabytes(part.bytes) + " MB");
    page_.text(fmt::format(" ({:.1f} %)", percent(part.bytes, memory_.total()))).close();
  }
  page_.close();
}

/// The colours of the stages, and the patterns of the uses of a buffer.
void Page::legend() {
  page_.open("ul", {{"class", "legend"}});
  std::string last;
  for (const LayerMemory& layer : profile_.layers) {
    const std::string stage = stage_of(layer.name);
    if (stage != last) page_.open("li").element("i", {{"class", stages_.colour(layer.name)}}, "").text(stage).close();
    last = stage;
  }
  page_.close().open("ul", {{"class", "legend"}});
  const struct {
    const char *use, *text;
  } uses[] = {{"kept c2", "kept for backward"},
              {"passing c2", "passing: an output that is not read again or is recomputed"},
              {"gradient c2", "gradient"},
              {"workspace c2", "workspace of a kernel"}};
  for (const auto& use : uses) {
    page_.open("li").open("svg", {{"viewBox", "0 0 18 12"}, {"aria-hidden", "true"}, {"class", "buffer"}});
    page_.empty("rect", {{"class", use.use}, {"width", "18"}, {"height", "12"}}).close().text(use.text).close();
  }
  page_.close();
}

void Page::timeline() {
  page_.open("section").element("h2", {}, "The step over time");
  page_.element(
      "p", {{"class", "soft"}},
      "The upper part shows the bytes that are alive at each time. The lower part shows the arena: each rectangle is "
      "a buffer. Its width is its lifetime and its height is its size. Empty areas are free memory.");
  legend();
  page_.open("figure");
  open_frame(page_, "over-time", "The picture");
  write_timeline(page_, plan_, profile_, stages_);
  page_.close().close().close().open("p", {{"class", "detail"}, {"id", "detail"}, {"role", "status"}});
  page_.text("Point at a buffer, or enter the picture with ")
      .element("kbd", {}, "Tab")
      .text(" and move in it with the ");
  page_.element("kbd", {}, "arrow keys").text("; a click or ").element("kbd", {}, "Enter");
  page_.text(" highlights its layer, ").element("kbd", {}, "Esc").text(" ends this.").close().close();
}

void Page::bar_part(const std::string& kind, Index bytes, Index full) {
  if (bytes > 0)
    page_.element("span", {{"class", kind}, {"style", fmt::format("width:{:.2f}%", percent(bytes, full))}}, "");
}

void Page::numbers(const LayerMemory& layer) {
  for (Index bytes :
       {layer.fixed.parameters, layer.fixed.gradients, layer.fixed.adam, layer.kept, layer.scratch, layer.at_peak})
    page_.element("td", {}, bytes > 0 ? megabytes(bytes) : "");
}

void Page::layer_row(const LayerMemory& layer, Index full) {
  const std::string colour = stages_.colour(layer.name);
  page_.open("tr", {{"data-layer", layer.name}}).open("th", {{"scope", "row"}});
  page_.element("i", {{"class", colour}}, "").text(layer.name).close();
  numbers(layer);
  page_.open("td").open("div", {{"class", "bar"}});
  bar_part("fixed " + colour, layer.fixed.total(), full);
  bar_part("kept-part " + colour, layer.kept_at_peak, full);
  bar_part("passing-part " + colour, layer.at_peak - layer.kept_at_peak, full);
  page_.close().close().close();
}

void Page::layer_table() {
  page_.open("section").element("h2", {}, "By layer");
  page_.element(
      "p", {{"class", "soft"}},
      "In MB. Kept: outputs and saved tensors that backward reads. Scratch: the most at one time of workspace, "
      "gradients and passing outputs. Bars: the layer's memory at the peak. Dark: stays from step to step; lighter: "
      "kept for backward; lightest: passing.");
  open_frame(page_, "layers", "This table");
  page_.open("table").open("thead").open("tr");
  for (const char* heading : {"layer", "parameters", "gradients", "Adam", "kept", "scratch", "at the peak", ""})
    page_.element("th", {{"scope", "col"}}, heading);
  page_.close().close().open("tbody");
  Index full = 0;
  for (const LayerMemory& layer : profile_.layers) full = std::max(full, layer.fixed.total() + layer.at_peak);
  for (const LayerMemory& layer : profile_.layers) layer_row(layer, full);
  page_.close().open("tfoot").open("tr").element("th", {{"scope", "row"}}, "total");
  numbers(profile_.total);
  page_.element("td", {}, "").close().close().close().close().close().close();
}

void Page::holder_row(const Buffer& b) {
  const std::string colour = stages_.colour(b.scope);
  page_.open("tr", {{"data-layer", b.scope}}).open("th", {{"scope", "row"}});
  page_.element("i", {{"class", colour}}, "").text(b.scope).close();
  page_.element("td", {{"class", "words"}}, role_text(plan_, b)).element("td", {}, megabytes(b.bytes));
  page_.element("td", {}, fmt::format("{:.1f} %", percent(b.bytes, plan_.live_bytes())));
  page_.open("td").open("div", {{"class", "bar"}});
  bar_part(is_kept(plan_, b) ? "kept-part " + colour : "passing-part " + colour, b.bytes, profile_.holders[0]->bytes);
  page_.close().close().close();
}

void Page::holders() {
  page_.open("section").element("h2", {}, "The largest buffers at the peak");
  page_.element("p", {{"class", "soft"}},
                fmt::format("{} MB are alive in the {}.", megabytes(plan_.live_bytes()),
                            moment(plan_, plan_.time_of_peak()).text()));
  open_frame(page_, "holders", "This table");
  page_.open("table").open("thead").open("tr");
  page_.element("th", {{"scope", "col"}}, "layer").element("th", {{"scope", "col"}, {"class", "words"}}, "buffer");
  for (const char* heading : {"MB", "share", ""}) page_.element("th", {{"scope", "col"}}, heading);
  page_.close().close().open("tbody");
  const std::size_t shown = std::min(named_holders, profile_.holders.size());
  Index rest = plan_.live_bytes();
  for (std::size_t k = 0; k < shown; ++k) {
    holder_row(*profile_.holders[k]);
    rest -= profile_.holders[k]->bytes;
  }
  if (shown < profile_.holders.size()) {
    page_.open("tr").element("th", {{"scope", "row"}},
                             fmt::format("{} smaller buffers", profile_.holders.size() - shown));
    page_.element("td", {}, "").element("td", {}, megabytes(rest));
    page_.element("td", {}, fmt::format("{:.1f} %", percent(rest, plan_.live_bytes()))).element("td", {}, "").close();
  }
  page_.close().close().close().close().close();
}

}  // namespace

std::string memory_page(const StepMemory& memory, const StepDescription& step) { return Page(memory, step).write(); }

}  // namespace cg
