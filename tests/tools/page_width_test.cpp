// SPDX-License-Identifier: Apache-2.0
// Every page that a program writes, in a real browser at the widths of phones, tablets and screens, in light and in
// dark mode: nothing is wider than its frame, unless the frame scrolls and says so. Skipped without Chromium.
// Read next: tests/support/cut_off.js.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <fstream>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>

#include "tests/support/browser.h"
#include "tests/support/planted_cohort.h"

using namespace cg;
using namespace cg::test;

namespace {

using nlohmann::json;

struct Page {
  std::string name, path;
  json states = {nullptr};  ///< null: as it opens; settings that show its other pictures
};

/// What is cut off, one text for each place, width and mode.
std::vector<std::string> cut_off(const std::string& browser, const std::vector<Page>& pages) {
  const TemporaryFile measuring("measuring.html");
  json all = json::array();
  for (const Page& page : pages)
    all.push_back({{"name", page.name}, {"address", "file://" + page.path}, {"states", page.states}});
  std::ifstream script(CG_TEST_SOURCE "/tests/support/cut_off.js");
  REQUIRE(script);
  std::ofstream(measuring.path)
      << "<!DOCTYPE html><meta charset='utf-8'><body><pre id=\"found\">unfinished</pre><script>"
      << "const pages = " << all.dump() << ";\n"
      << script.rdbuf() << "</script></body>";
  std::string text = text_in_browser(browser, measuring.path, "found", 60);
  REQUIRE(text != "unfinished");
  for (const auto& [entity, sign] : {std::pair{"&lt;", "<"}, {"&gt;", ">"}, {"&amp;", "&"}})
    text = std::regex_replace(text, std::regex(entity), sign);
  return json::parse(text).get<std::vector<std::string>>();
}

void write(const std::string& path, const std::string& style, const std::string& body) {
  std::ofstream(path) << "<!DOCTYPE html><html><head><meta charset='utf-8'>"
                         "<meta http-equiv='Content-Security-Policy' content=\"default-src 'none'; style-src "
                         "'unsafe-inline'\"><style>:root { color-scheme: light dark; } body { margin: 8px; } "
                      << style << "</style></head><body>" << body << "</body></html>";
}

void run(const std::string& command) {
  const Finished done = shell(fmt::format("'{}'/{} 2>&1", CG_TEST_BINARIES, command));
  CAPTURE(done.text);
  REQUIRE(done.code == 0);
}

}  // namespace

TEST_CASE("pages: nothing is cut off at 420, 768, 1100 and 1280 pixels, in light and in dark mode") {
  const std::string browser = browser_or_skip();
  if (browser.empty()) return;
  const PlantedCohort maps(24, 14, [](Maps& all) {
    in_pascal(all[0]);
    shift(all[6], 4);
    all[9] = all[3];
  });
  const auto path = [&](const std::string& name) { return maps.folder + "/" + name + ".html"; };
  run(fmt::format("explain_loss --html '{}'", path("losses")));
  run(fmt::format("profile_memory dynlocrep --device reference --html '{}'", path("memory")));
  run(fmt::format("show_cohort '{}' --out '{}'", maps.planted, path("outliers")));
  run(fmt::format("make_phantom_cohort --subjects 24 --voxel 14 --modality t1 --out '{}/t1.h5'", maps.folder));
  run(fmt::format("show_cohort '{}' --beside '{}/t1.h5' --out '{}'", maps.file, maps.folder, path("cohort")));
  std::ofstream(maps.folder + "/study.toml") << "[study]\nbase = \"dynlocrep\"\nseeds = [0, 1]\n[study.rows.a]\n"
                                                "label = \"A row with a long name that no table has place for\"\n"
                                                "paper = [3.7, 0.2]\n[study.rows.b]\nloss.name = \"threshold\"\n";
  run(
      fmt::format("run_experiment '{0}/study.toml' --out '{0}/report' data.cohort='{0}/planted.h5' train.epochs=2 "
                  "train.batch_size=8 loss.final_neighbours=4 model.width=4 evaluation.embeddings_at=1 "
                  "--allow-outliers threads=1",
                  maps.folder));
  std::ifstream report(path("report/report"));
  std::string opened{std::istreambuf_iterator<char>(report), {}};
  opened = std::regex_replace(opened, std::regex("<details"), "<details open=\"\"");
  std::ofstream(path("opened")) << opened;
  const json losses = json::parse(R"([null,
    { "mode": "moving", "epoch": 5, "left": ["threshold", "printed"], "right": ["nnclr", "published"] },
    { "geometry": "sphere", "mode": "still", "left": ["dynlocrep", "printed"] },
    { "geometry": "circle", "epoch": 0, "left": ["dynlocrep", "published"], "right": ["exponential", "published"] }])");
  const auto found = cut_off(browser, {{"losses", path("losses"), losses},
                                       {"memory", path("memory")},
                                       {"outliers", path("outliers")},
                                       {"cohort", path("cohort")},
                                       {"report", path("report/report")},
                                       {"report with its tables open", path("opened")}});
  for (const std::string& text : found) CHECK_MESSAGE(false, text);
}

TEST_CASE("pages: a page that cuts something off is found, and a page that does not is left in peace") {
  const std::string browser = browser_or_skip();
  if (browser.empty()) return;
  constexpr const char* wide = "<div style='width:600px;height:20px'>wide</div>";
  constexpr const char* sign = "<p class='sign'>scroll</p>";
  const struct {
    std::string name, style, body;
    std::size_t places;           ///< of 4 widths × 2 modes
    std::vector<std::string> in;  ///< what each text contains one of
  } planted[] = {
      {"sound",
       "",
       "<div style='max-width:100%'>text</div><svg viewBox='0 0 9 9'><rect width='9' height='9'/></svg>",
       0,
       {}},
      {"signed",
       "@media (min-width: 700px) { .sign { display: none; } }",
       fmt::format("{}<div style='overflow-x:auto'>{}</div>", sign, wide),
       0,
       {}},
      {"hidden", "", fmt::format("<div style='overflow:hidden'>{}</div>", wide), 2, {"cut off", "its content 600"}},
      {"unsigned", "", fmt::format("<div style='overflow-x:auto'>{}</div>", wide), 2, {"without a sign"}},
      {"needless", "", fmt::format("{}<div style='overflow-x:auto'>{}</div>", sign, wide), 6, {"does not scroll"}},
      {"page", "", wide, 2, {"the page is", "leaves the window", "its content"}},
      {"picture",
       "",
       "<svg viewBox='0 0 90 90' width='90'><circle cx='80' cy='45' r='20'/></svg>",
       8,
       {"cut off by svg"}},
      {"below",
       "",
       "<svg viewBox='0 0 90 90' width='90'><circle cx='45' cy='80' r='20'/></svg>",
       8,
       {"cut off by svg"}},
      {"sticky", "", "<p style='position:sticky;bottom:0'>hint</p>", 8, {"covers"}},
      {"dark",
       "@media (prefers-color-scheme: dark) { div { width: 1190px; } }",
       "<div>text</div>",
       3,
       {"at 420 px, dark", "at 768 px, dark", "at 1100 px, dark"}},
      {"range",
       "@media (min-width: 1001px) and (max-width: 1279px) { div { width: 1190px; } }",
       "<div>text</div>",
       2,
       {"at 1100 px"}},
  };
  std::deque<TemporaryFile> files;
  std::vector<Page> pages;
  for (const auto& p : planted) {
    pages.push_back({p.name, files.emplace_back(p.name + ".html").path});
    write(pages.back().path, p.style, p.body);
  }
  const auto found = cut_off(browser, pages);
  for (const auto& p : planted) {
    CAPTURE(p.name);
    std::set<std::string> places;
    for (const std::string& text : found) {
      if (!text.starts_with(p.name + " at ")) continue;
      CAPTURE(text);
      places.insert(text.substr(0, text.find(": ")));
      CHECK(std::ranges::any_of(p.in, [&](const std::string& words) { return text.find(words) != std::string::npos; }));
    }
    CHECK(places.size() == p.places);
  }
}
