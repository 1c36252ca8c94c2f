// SPDX-License-Identifier: Apache-2.0
// What a report of a study says, before it is drawn: sections of paragraphs, tables and figures. Each section is
// computed by a file of its own (*_section.h); report_page.h, results_tex.h and figure_files.h show them.
// Read next: picture.h.
#pragma once

#include <array>
#include <string>
#include <variant>
#include <vector>

#include "experiments/report/picture.h"
#include "tensor/index.h"

namespace cg {

struct Paragraph {
  std::string text;
  bool soft = false;  ///< in small grey letters: how something was computed
};

struct TableRow {
  std::vector<std::string> cells;
  enum class Kind { plain, best, heading } kind = Kind::plain;  ///< a heading has one cell
};

struct Table {
  std::string caption;
  std::vector<std::string> head;
  std::vector<TableRow> rows = {};
  std::size_t words = 1;  ///< columns with text, from the left; the others have numbers
  bool in_tex = true;     ///< it is in results.tex

  void add(std::vector<std::string> cells) { rows.push_back({std::move(cells)}); }
};

/// The four lines beside a figure.
struct Advice {
  std::string shows, better, worse, action;
};

struct Figure {
  std::string name;  ///< of its files
  Picture picture;
  Advice advice;
  Table numbers;  ///< what is drawn
};

/// Why something is not there.
struct Missing {
  std::string why;
};

/// Names and values, e.g. of the environment.
struct Facts {
  std::vector<std::array<std::string, 2>> rows;
};

/// Text that is wider than the page, e.g. a configuration; with a heading it is folded.
struct Listing {
  std::string heading, text;
};

/// Points that move from epoch to epoch.
struct MovingPoints {
  std::vector<Index> epochs;
  std::vector<std::vector<Point>> places;  ///< [epochs][points], 0 to 1
  std::vector<Colour> colours = {};        ///< [points]
  std::vector<std::string> titles = {};    ///< [points]
  std::string title = {};
};

/// The colours of ages.
struct AgeScale {
  double youngest = 0, oldest = 1;
};

/// Planes of some subjects' volumes.
struct Maps {
  struct Row {
    std::string heading, text;
    std::array<std::string, 3> planes;  ///< sagittal, coronal, axial: PNG files
  };
  std::string name;  ///< of its files
  std::vector<Row> rows;
  double most = 0;  ///< of the colours; 0: no scale is shown
  std::string unit;
};

/// A picture that another program made.
struct Image {
  std::string title, png;  ///< the bytes of a PNG file
  Advice advice;
};

using Block = std::variant<Paragraph, Table, Figure, Missing, Facts, Listing, MovingPoints, AgeScale, Maps, Image>;

struct Section {
  std::string id, title;
  std::vector<Block> blocks = {};

  /// Whether there is anything except reasons why something is missing.
  bool has_content() const;
};

/// A number at the head of the page.
struct Tile {
  std::string number, text;
};

/// A table or figure of the paper: where it is in the report, or why it is not there.
struct PaperItem {
  std::string name, content;  ///< "Table 3", "contrastive losses"
  std::string section = {};   ///< id; empty: it is missing
  std::string why = {};
};

/// A text as a part of a file's name or an address: letters, digits, - and _; all else becomes _.
std::string plain_name(const std::string& text);

struct Report {
  std::string title, subtitle;
  std::string warning = {};  ///< that the cohort is synthetic, or that trainings are missing; may be empty
  std::vector<Tile> tiles = {};
  std::vector<PaperItem> paper = {};
  std::vector<Section> sections = {};
};

}  // namespace cg
