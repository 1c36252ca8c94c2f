// SPDX-License-Identifier: Apache-2.0
// The page of explain_loss in a real browser: the content of its tables, its keys, and the scale of its pictures.
// Skipped without Chromium.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "experiments/teaching/loss_example.h"
#include "experiments/teaching/loss_page.h"
#include "losses/dynlocrep.h"
#include "losses/explanation.h"
#include "losses/registry.h"
#include "tests/support/browser.h"

using namespace cg;
using namespace cg::test;

namespace {

constexpr Index anchor = 4, stop = 3, rows = 18;

/// Selects the losses as a reader does, and writes the left table as JSON: one list of cells per row.
constexpr const char* reader = R"(<pre id="seen"></pre><script>
const seen = { tables: {} };
for (const loss of data.losses)
  for (const formulation of ["printed", "published"])
    for (const geometry of ["circle", "sphere"]) {
      change({ geometry, left: [loss.name, formulation], anchor: 4, epoch: 3, temperature: 0 });
      seen.tables[[loss.name, loss.two ? formulation : "published", geometry].join(" ")] =
        [...document.querySelectorAll("#left tbody tr")].map((r) => [...r.cells].map((c) => c.textContent));
    }
seen.named = document.querySelectorAll("#left tbody th[scope=row]").length;
seen.fetched = performance.getEntriesByType("resource").length;
const press = (key) => document.querySelector("#left .chosen").dispatchEvent(
  new KeyboardEvent("keydown", { key, bubbles: true }));
press("ArrowRight");
seen.right = state.anchor;
press("ArrowUp");
press("ArrowUp");
seen.up = state.anchor;
seen.both = ["left", "right"].map((side) => document.querySelector(`#${side} [aria-checked=true]`).dataset.row);
seen.focus = document.activeElement.dataset.row;
document.getElementById("play").click();
seen.playing = [document.getElementById("play").textContent, state.mode];
document.getElementById("seen").textContent = JSON.stringify(seen);
</script></body>)";

/// What both pictures show when the page is opened, at the first and the last epoch, and beside a loss that is 10^100
/// times as strong. For each panel and kind: the pixels of the widest line, the strength of this pair, what the page
/// says that it is magnified by, and the number of lines.
constexpr const char* scale_reader = R"(<pre id="seen"></pre><script>
const widestLine = (side, kind) => {
  const lines = [...document.querySelectorAll(`#${side} .link.${kind}`)];
  const said = document.querySelector(`#${side} .magnified`).textContent;
  const factor = said.match(new RegExp(`${kind === "push" ? "pushes" : "pulls"} are drawn (\\S+) ×`));
  return { pixels: Math.max(...lines.map((line) => Number(line.getAttribute("stroke-width")))), lines: lines.length,
    strength: Math.max(...scene(side)[kind].slice(state.anchor * n, (state.anchor + 1) * n)),
    factor: factor ? factor[1] : "1" };
};
const both = () => Object.fromEntries(sides.map((side) =>
  [side, Object.fromEntries(kinds.map((kind) => [kind, widestLine(side, kind)]))]));
const seen = { first: both() };
change({ epoch: data.epochs.length - 1 });
seen.last = both();
seen.order = document.querySelector("#left .outcome").textContent;
change({ mode: "moving" });
seen.moved = document.querySelector("#left .outcome").textContent;
change({ mode: "still", epoch: 0, right: ["threshold", "printed"], sigma: 0 });
seen.beside_threshold = both();
document.getElementById("seen").textContent = JSON.stringify(seen);
</script></body>)";

/// The JSON that a script wrote which was appended to the page.
nlohmann::json seen_in(const std::string& browser, const std::string& script) {
  const TemporaryFile page("page.html");
  REQUIRE(shell(fmt::format("'{}/explain_loss' --html {}", CG_TEST_BINARIES, page.path)).code == 0);
  std::ifstream in(page.path);
  std::string html{std::istreambuf_iterator<char>(in), {}};
  html.replace(html.rfind("</body>"), 7, script);
  std::ofstream(page.path) << html;
  return nlohmann::json::parse(text_in_browser(browser, page.path, "seen"));
}

/// A number as the page writes it: −1.23 or 4.5·10⁻⁶.
double number_in(std::string text) {
  const auto replace = [&](const std::string& from, const std::string& to) {
    for (std::size_t at; (at = text.find(from)) != std::string::npos;) text.replace(at, from.size(), to);
  };
  replace("−", "-");
  replace("·10", "e");
  replace("⁻", "-");
  const char* digits[] = {"⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"};
  for (int d = 0; d < 10; ++d) replace(digits[d], std::to_string(d));
  return std::stod(text);
}

/// The tables' columns, as the engine computes them for the page's first settings.
std::vector<Array> columns(const std::string& loss, Formulation formulation, Index width) {
  const PageGrid grid;
  LossOptions options{.name = loss, .shared = {.formulation = formulation, .distance = Distance::euclidean}};
  options.own.of<DynLocRep>().final_neighbours = grid.final_neighbours;
  LossCase c = make_example(options, grid.subject_ages, grid.arrangement(width));
  c.epoch = grid.epochs[stop];
  c.max_epochs = grid.epochs.back();
  const Explanation e = make_loss(c.options)->explain(c.input());
  std::vector<Array> out = {e.distance, e.s};
  for (const Array& known : {e.w, e.nu, e.c})
    if (known.size() > 0) out.push_back(known);
  out.insert(out.end(), {e.pull, e.push, e.pull * (e.denominator - e.s)});
  return out;
}

}  // namespace

TEST_CASE("explain_loss: in a browser the page's tables show the engine's numbers, and its keys choose the anchor") {
  const std::string found = browser_or_skip();
  if (found.empty()) return;
  const nlohmann::json seen = seen_in(found, reader);
  for (const auto& [setting, table] : seen["tables"].items()) {
    CAPTURE(setting);
    const bool printed = setting.find("printed") != std::string::npos, circle = setting.ends_with("circle");
    const auto want = columns(setting.substr(0, setting.find(' ')),
                              printed ? Formulation::printed : Formulation::published, circle ? 2 : 3);
    REQUIRE(table.size() == rows - 1);
    // Sorted by distance.
    std::vector<Index> order;
    for (Index t = 0; t < rows; ++t)
      if (t != anchor) order.push_back(t);
    std::stable_sort(order.begin(), order.end(),
                     [&](Index a, Index b) { return want[0](anchor, a) < want[0](anchor, b); });
    for (std::size_t r = 0; r < rows - 1; ++r) {
      REQUIRE(table[r].size() == want.size() + 1);
      for (std::size_t k = 0; k < want.size(); ++k) {
        const double shown = number_in(table[r][k + 1].get<std::string>()), right = want[k](anchor, order[r]),
                     size = std::abs(right);
        const bool three_digits = size >= 1e-3 && size < 1e5;  // otherwise two
        CAPTURE(k);
        CHECK(std::abs(shown - right) <= (three_digits ? 6e-3 : 6e-2) * size);
      }
    }
  }
  std::size_t tables = 0;  // of every formulation, on circle and sphere
  for (const std::string& name : loss_names()) tables += loss_info(name).has_two_formulations() ? 4 : 2;
  CHECK(seen["tables"].size() == tables);
  CHECK(seen["named"] == rows - 1);  // rows have a heading for screen readers
  CHECK(seen["fetched"] == 0);       // the page loads nothing
  CHECK(seen["right"] == anchor + 1);
  CHECK(seen["up"] == anchor - 1);
  CHECK(seen["both"] == nlohmann::json{"3", "3"});
  CHECK(seen["focus"] == "3");
  CHECK(seen["playing"] == nlohmann::json{"Stop", "moving"});
}

TEST_CASE(
    "explain_loss: pulls and pushes of both pictures have one scale, and what would vanish is magnified and says so") {
  const std::string found = browser_or_skip();
  if (found.empty()) return;
  const nlohmann::json seen = seen_in(found, scale_reader);
  CAPTURE(seen.dump(1));
  const auto factor = [](const nlohmann::json& line) { return number_in(line["factor"].get<std::string>()); };
  for (const char* moment : {"first", "last", "beside_threshold"}) {
    CAPTURE(moment);
    double common = 0;  // pixels per unit of strength
    for (const char* kind : {"pull", "push"})
      for (const char* side : {"left", "right"}) {
        const nlohmann::json& line = seen[moment][side][kind];
        CHECK(line["lines"] > 0);
        const double own = line["pixels"].get<double>() / line["strength"].get<double>() / factor(line);
        if (common == 0) common = own;
        CHECK(own == doctest::Approx(common).epsilon(0.02));  // widths have two decimals, factors one digit
      }
  }
  // As docs/losses.md says. The epoch changes which rows DynLocRep pushes, visibly, and nothing of Exponential.
  CHECK(seen["first"]["left"]["push"]["lines"] == 14);
  CHECK(seen["last"]["left"]["push"]["lines"] == 2);
  CHECK(seen["last"]["left"]["push"]["pixels"] >= 2);
  CHECK(seen["last"]["right"] == seen["first"]["right"]);
  CHECK(factor(seen["beside_threshold"]["left"]["pull"]) > 1e50);
  CHECK(factor(seen["beside_threshold"]["right"]["pull"]) == 1);
  CHECK(seen["order"].get<std::string>().find("young 0.16") != std::string::npos);
  CHECK(seen["moved"].get<std::string>().find("young 0.16 → 0.89") != std::string::npos);
}
