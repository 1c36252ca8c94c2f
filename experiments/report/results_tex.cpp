// SPDX-License-Identifier: Apache-2.0
#include "experiments/report/results_tex.h"

#include <fmt/format.h>

#include <algorithm>

namespace cg {
namespace {

constexpr std::pair<std::string_view, std::string_view> signs[] = {
    {"&", "\\&"},
    {"%", "\\%"},
    {"$", "\\$"},
    {"#", "\\#"},
    {"_", "\\_"},
    {"{", "\\{"},
    {"}", "\\}"},
    {"~", "\\textasciitilde{}"},
    {"^", "\\textasciicircum{}"},
    {"\\", "\\textbackslash{}"},
    {"<", "$<$"},
    {">", "$>$"},
    {"|", "\\textbar{}"},
    {"\"", "\\textquotedbl{}"},
    {"±", "$\\pm$"},
    {"−", "$-$"},
    {"–", "--"},
    {"…", "\\ldots{}"},
    {"λ", "$\\lambda$"},
    {"σ", "$\\sigma$"},
    {"τ", "$\\tau$"},
    {"ν", "$\\nu$"},
    {"∞", "$\\infty$"},
    {"²", "$^2$"},
    {"×", "$\\times$"},
    {"·", "$\\cdot$"},
    {"≥", "$\\geq$"},
    {"≤", "$\\leq$"},
    {"ä", "\\\"a"},
    {"ö", "\\\"o"},
    {"ü", "\\\"u"},
    {"é", "\\'e"},
    {"è", "\\`e"},
};

/// The code point that begins at `k`, and its length in bytes; 0xFFFD for bytes that are not UTF-8.
std::pair<std::uint32_t, std::size_t> code_point(std::string_view text, std::size_t k) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const std::uint32_t first = byte(k);
  const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : first >= 0xC0 ? 2 : 1;
  if (length == 1 || k + length > text.size()) return {0xFFFD, 1};
  std::uint32_t out = first & (0xFFu >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(k + i) & 0xC0) != 0x80) return {0xFFFD, 1};
    out = out << 6 | (byte(k + i) & 0x3Fu);
  }
  return {out, length};
}

std::string row_text(const std::vector<std::string>& cells, bool bold) {
  std::string out;
  for (std::size_t c = 0; c < cells.size(); ++c) {
    const std::string text = tex_text(cells[c]);
    out += (c > 0 ? " & " : "  ") + (bold && !text.empty() ? "\\textbf{" + text + "}" : text);
  }
  return out + " \\\\\n";
}

std::string table_text(const ReportTable& t) {
  std::string columns;
  for (std::size_t c = 0; c < t.head.size(); ++c) columns += c < t.words ? 'l' : 'r';
  std::string out = "\\begin{table}[p]\n\\centering\n\\caption{" + tex_text(t.caption) +
                    "}\n\\resizebox{\\ifdim\\width>\\linewidth\\linewidth\\else\\width\\fi}{!}{%\n\\begin{tabular}{" +
                    columns + "}\n\\hline\n" + row_text(t.head, true) + "\\hline\n";
  for (const TableRow& row : t.rows) {
    if (row.kind == TableRow::Kind::heading)
      out += fmt::format("  \\multicolumn{{{}}}{{l}}{{\\textit{{{}}}}} \\\\\n", t.head.size(), tex_text(row.cells[0]));
    else
      out += row_text(row.cells, row.kind == TableRow::Kind::best);
  }
  return out + "\\hline\n\\end{tabular}}\n\\end{table}\n\n";
}

}  // namespace

std::string tex_text(std::string_view text) {
  std::string out;
  for (std::size_t k = 0; k < text.size();) {
    const auto* sign = std::ranges::find_if(signs, [&](const auto& s) { return text.substr(k).starts_with(s.first); });
    if (sign != std::end(signs)) {
      out += sign->second;
      k += sign->first.size();
    } else if (const auto c = static_cast<unsigned char>(text[k]); c < 0x80) {
      out += c < 0x20 || c == 0x7F ? ' ' : text[k];
      ++k;
    } else {
      const auto [point, length] = code_point(text, k);
      out += fmt::format("U+{:04X}", point);
      k += length;
    }
  }
  return out;
}

std::string results_tex(const Report& report) {
  std::string out =
      "% Tables of a study of Cortexgrad; compile with pdflatex, or copy the tables that you need.\n"
      "\\documentclass{article}\n\\usepackage[T1]{fontenc}\n\\usepackage{textcomp}\n\\usepackage{graphicx}\n"
      "\\begin{document}\n\n\\section*{" +
      tex_text(report.title) + "}\n\n";
  if (!report.warning.empty()) out += "\\textbf{" + tex_text(report.warning) + "}\n\n";
  for (const Section& section : report.sections)
    for (const Block& block : section.blocks)
      if (const auto* table = std::get_if<ReportTable>(&block); table && table->in_tex) out += table_text(*table);
  return out + "\\end{document}\n";
}

}  // namespace cg
