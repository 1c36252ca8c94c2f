// SPDX-License-Identifier: Apache-2.0
#include "experiments/report/report_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "experiments/pages/page_style.h"
#include "experiments/pages/plane_image.h"
#include "experiments/report/picture_svg.h"
#include "experiments/report/report_page_style.h"

namespace cg {
namespace {

constexpr double player_side = 560;

/// The width in which no cell of the numbers' columns is broken, in pixels, rounded up: a table is at least so wide,
/// and scrolls in a narrower frame.
int width_of(const ReportTable& table) {
  double sum = 0;
  for (std::size_t column = 0; column < table.head.size(); ++column) {
    double widest = text_width(table.head[column], 14.5);
    for (const TableRow& row : table.rows)
      if (row.kind != TableRow::Kind::heading) widest = std::max(widest, text_width(row.cells[column], 14.5));
    sum += (column < table.words ? std::clamp(widest, 90.0, table.words > 1 ? 190.0 : 200.0) : widest) + 16;
  }
  return static_cast<int>(50 * std::ceil(sum / 50));
}

class Page {
 public:
  explicit Page(const Report& report) : report_(report) {}

  std::string write() {
    page_.own("<!DOCTYPE html>\n").open("html", {{"lang", "en"}});
    head();
    page_.open("body");
    heading();
    contents();
    for (const Section& section : report_.sections) write(section);
    page_.element("footer", {}, "Written by run_experiment. This page loads nothing from other places.");
    page_.open("script").own(report_page_script).close();
    return page_.close().close().take();
  }

  void operator()(const Paragraph& p) { page_.element("p", {{"class", p.soft ? "fine" : "text"}}, p.text); }

  void operator()(const Missing& m) { page_.element("p", {{"class", "missing"}}, m.why); }

  void operator()(const ReportTable& t) { table(t, true); }

  void operator()(const Figure& f) {
    page_.element("h3", {{"id", "figure-" + f.name}}, f.picture.title).open("figure", {{"class", "figure"}});
    write_svg(page_, f.picture);
    advice(f.advice);
    page_.open("details").element("summary", {}, "The numbers");
    table(f.numbers, false);
    page_.close().close();
  }

  void operator()(const Image& image) {
    page_.element("h3", {}, image.title).open("figure", {{"class", "figure"}});
    page_.empty("img", {{"class", "picture"}, {"alt", image.title}, {"src", data_address(image.png)}});
    advice(image.advice);
    page_.close();
  }

  void operator()(const Facts& facts) {
    page_.open("dl", {{"class", "facts"}});
    for (const auto& [name, value] : facts.rows) page_.element("dt", {}, name).element("dd", {}, value);
    page_.close();
  }

  void operator()(const Listing& listing) {
    page_.open("details").element("summary", {}, listing.heading);
    page_.element("pre", {}, listing.text).close();
  }

  void operator()(const MovingPoints& m) {
    std::string places, epochs;
    for (std::size_t e = 0; e < m.epochs.size(); ++e) {
      epochs += fmt::format("{}{}", e == 0 ? "" : ",", m.epochs[e]);
      places += e == 0 ? "[" : ",[";
      for (std::size_t i = 0; i < m.places[e].size(); ++i)
        places += fmt::format("{}{:.1f},{:.1f}", i == 0 ? "" : ",", at(m.places[e][i][0]), at(1 - m.places[e][i][1]));
      places += "]";
    }
    page_.open("div", {{"class", "player"}, {"data-places", "[" + places + "]"}, {"data-epochs", "[" + epochs + "]"}});
    page_.open("svg", {{"viewBox", fmt::format("0 0 {0} {0}", player_side)}, {"role", "img"}, {"aria-label", m.title}});
    for (std::size_t i = 0; i < m.colours.size(); ++i) {
      const Colour& c = m.colours[i];
      page_.open("circle", {{"r", "5.5"},
                            {"cx", fmt::format("{:.1f}", at(m.places.back()[i][0]))},
                            {"cy", fmt::format("{:.1f}", at(1 - m.places.back()[i][1]))},
                            {"fill", fmt::format("#{:02x}{:02x}{:02x}", c[0], c[1], c[2])},
                            {"class", "own"},
                            {"fill-opacity", "0.9"}});
      page_.element("title", {}, m.titles[i]).close();
    }
    page_.close().open("label").text("Epoch");
    const std::string last = fmt::format("{}", m.epochs.size() - 1);
    page_.empty("input", {{"type", "range"}, {"min", "0"}, {"max", last}, {"step", "1"}, {"value", last}});
    page_.element("output", {}, fmt::format("epoch {}", m.epochs.back())).close().close();
  }

  void operator()(const AgeScale& scale) {
    colours(fmt::format("{:.0f} years", scale.youngest), fmt::format("{:.0f} years", scale.oldest));
  }

  void operator()(const Maps& maps) {
    page_.open("div", {{"class", "maps"}});
    for (const Maps::Row& row : maps.rows) {
      page_.open("div", {{"class", "brain"}}).open("div", {{"class", "who"}});
      page_.element("b", {}, row.heading).text(row.text).close().open("div", {{"class", "planes"}});
      const char* names[] = {"sagittal", "coronal", "axial"};
      for (std::size_t k = 0; k < 3; ++k)
        page_.empty("img", {{"class", names[k]},
                            {"alt", row.text + ", " + names[k] + " plane"},
                            {"src", data_address(row.planes[k])}});
      page_.close().close();
    }
    page_.close();
    if (maps.most > 0) colours("0", fmt::format("{:g} {}", maps.most, maps.unit));
  }

 private:
  static double at(double share) { return 14 + (player_side - 28) * share; }

  void head() {
    page_.open("head").empty("meta", {{"charset", "utf-8"}});
    page_.empty("meta", {{"name", "viewport"}, {"content", "width=device-width, initial-scale=1"}});
    page_.empty("meta", {{"http-equiv", "Content-Security-Policy"},
                         {"content",
                          "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"}});
    page_.element("title", {}, report_.title);
    page_.open("style").own(page_style).own(group_colours).own(report_page_style);
    for (int width = 100; width <= 2400; width += 50)  // from which width on a frame's sign is not needed
      page_.text(
          fmt::format(".w{0} table {{ min-width: {0}px; }}\n@container (min-width: {0}px) {{ .w{0} .sign {{ "
                      "display: none; }} }}\n",
                      width));
    page_.close().close();
  }

  void heading() {
    page_.element("h1", {}, report_.title);
    page_.element("p", {{"class", "subtitle"}}, report_.subtitle);
    if (!report_.warning.empty()) page_.element("p", {{"class", "warning"}}, report_.warning);
    page_.open("div", {{"class", "tiles"}});
    for (const Tile& tile : report_.tiles)
      page_.open("div", {{"class", "tile"}}).element("b", {}, tile.number).element("span", {}, tile.text).close();
    page_.close();
  }

  /// Where each table and figure of the paper is, and then the other sections.
  void contents() {
    page_.open("section", {{"id", "contents"}}).element("h2", {}, "Contents");
    page_.open("table", {{"class", "contents"}}).open("tbody");
    for (const PaperItem& item : report_.paper) {
      page_.open("tr").open("th", {{"scope", "row"}, {"class", "words"}});
      link(item.section, item.name);
      page_.close().element("td", {}, item.content + (item.section.empty() ? " – missing: " + item.why : "")).close();
    }
    for (const Section& section : report_.sections) {
      if (std::ranges::any_of(report_.paper, [&](const PaperItem& p) { return p.section == section.id; })) continue;
      page_.open("tr").open("th", {{"scope", "row"}, {"class", "words"}});
      link(section.id, section.title);
      page_.close().element("td", {}, section.has_content() ? "" : "missing; the section says why").close();
    }
    page_.close().close().close();
  }

  void advice(const Advice& advice) {
    page_.open("figcaption").open("dl", {{"class", "advice"}});
    for (const auto& [name, text] : {std::pair{"What it shows", advice.shows},
                                     {"Better", advice.better},
                                     {"Worse", advice.worse},
                                     {"What to do", advice.action}})
      page_.element("dt", {}, name).element("dd", {}, text);
    page_.close().close();
  }

  void link(const std::string& section, const std::string& text) {
    if (section.empty())
      page_.text(text);
    else
      page_.element("a", {{"href", "#" + section}}, text);
  }

  void write(const Section& section) {
    page_.open("section", {{"id", section.id}}).element("h2", {}, section.title);
    for (const Block& block : section.blocks) std::visit(*this, block);
    page_.close();
  }

  void table(const ReportTable& t, bool captioned) {
    open_frame(page_, fmt::format("w{}", std::clamp(width_of(t), 100, 2400)), "This table");
    page_.open("table");
    if (captioned) page_.element("caption", {}, t.caption);
    page_.open("thead").open("tr");
    for (std::size_t c = 0; c < t.head.size(); ++c)
      page_.element("th", {{"scope", "col"}, {"class", c < t.words ? "words" : "number"}}, t.head[c]);
    page_.close().close().open("tbody");
    for (const TableRow& row : t.rows) {
      const char* kinds[] = {"plain", "best", "heading"};
      page_.open("tr", {{"class", kinds[static_cast<std::size_t>(row.kind)]}});
      if (row.kind == TableRow::Kind::heading)
        page_.element("th", {{"colspan", fmt::format("{}", t.head.size())}}, row.cells[0]);
      else
        for (std::size_t c = 0; c < row.cells.size(); ++c) cell(row.cells[c], c, t.words);
      page_.close();
    }
    page_.close().close().close().close();
  }

  void cell(const std::string& text, std::size_t column, std::size_t words) {
    const char* kind = column < words ? "words" : "number";
    if (column == 0)
      page_.element("th", {{"scope", "row"}, {"class", kind}}, text);
    else
      page_.element("td", {{"class", kind}}, text);
  }

  void colours(const std::string& low, const std::string& high) {
    std::string stops;
    for (int k = 0; k <= 10; ++k) {
      const Colour c = viridis(k / 10.0);
      stops += fmt::format(",rgb({},{},{})", c[0], c[1], c[2]);
    }
    page_.open("p", {{"class", "scale"}}).element("span", {}, low);
    page_.element("span", {{"class", "bar"}, {"style", "background:linear-gradient(to right" + stops + ")"}}, "");
    page_.element("span", {}, high).close();
  }

  const Report& report_;
  Markup page_;
};

}  // namespace

std::string report_page(const Report& report) { return Page(report).write(); }

}  // namespace cg
