// SPDX-License-Identifier: Apache-2.0
// results.tex: no text becomes a command, environments are closed, and LaTeX compiles it where there is one.
#include "experiments/report/results_tex.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <regex>

#include "tests/data/formats/raw_h5.h"
#include "tests/support/shell.h"

using namespace cg;
using namespace cg::test;

namespace {

Report sample_report() {
  Report report{
      .title = "100 % of $x_1$ & {more} \\input{secret}", .subtitle = "", .warning = "# ~ ^ < > | \" ünïcödé 脳"};
  ReportTable t{.caption = "A_caption", .head = {"row", "MAE ± SD", "λ²"}};
  t.rows.push_back({{"A group & more"}, TableRow::Kind::heading});
  t.rows.push_back({{"\\end{tabular}", "3.724 ± 0.220", "−0.1"}, TableRow::Kind::best});
  t.add({"", "", ""});
  t.add({"first", "1.000", "2.000"});
  ReportTable hidden = t;
  hidden.in_tex = false;
  hidden.caption = "not here";
  report.sections.push_back({"one", "One", {t, hidden}});
  return report;
}

std::size_t times(const std::string& text, const std::string& word) {
  std::size_t count = 0;
  for (std::size_t at = 0; (at = text.find(word, at)) != std::string::npos; at += word.size()) ++count;
  return count;
}

}  // namespace

TEST_CASE("LaTeX: signs that are commands are escaped, and others are written as LaTeX writes them") {
  CHECK(tex_text("a_b & 5 %") == "a\\_b \\& 5 \\%");
  CHECK(tex_text("\\end{document}") == "\\textbackslash{}end\\{document\\}");
  CHECK(tex_text("3.7 ± 0.2") == "3.7 $\\pm$ 0.2");
  CHECK(tex_text("λ = ∞") == "$\\lambda$ = $\\infty$");
  CHECK(tex_text("脳") == "U+8133");
  CHECK(tex_text("\xff\xc3") == "U+FFFDU+FFFD");
  CHECK(tex_text("a\nb\x01") == "a b ");
}

TEST_CASE("LaTeX: environments are balanced, all is ASCII, and only the tables that belong are there") {
  const std::string tex = results_tex(sample_report());
  std::vector<std::string> open;
  const std::regex command(R"(\\(begin|end)\{(\w+)\})");
  for (std::sregex_iterator at(tex.begin(), tex.end(), command), end; at != end; ++at) {
    if ((*at)[1] == "begin") {
      open.push_back((*at)[2]);
      continue;
    }
    REQUIRE_FALSE(open.empty());
    CHECK(open.back() == (*at)[2]);
    open.pop_back();
  }
  CHECK(open.empty());
  for (const char c : tex) CHECK(static_cast<unsigned char>(c) < 0x80);
  CHECK(times(tex, "\\begin{tabular}") == 1);
  CHECK(times(tex, "\\input") == 0);
  CHECK(times(tex, "\\caption{A\\_caption}") == 1);
  CHECK(times(tex, "  \\textbf{row} & \\textbf{MAE $\\pm$ SD} & \\textbf{$\\lambda$$^2$} \\\\\n") == 1);
  CHECK(times(tex, "  first & 1.000 & 2.000 \\\\\n") == 1);
  CHECK(times(tex, "  \\textbf{\\textbackslash{}end\\{tabular\\}} & \\textbf{3.724 $\\pm$ 0.220} & ") == 1);
  CHECK(times(tex, "not here") == 0);
  int depth = 0;
  for (std::size_t k = 0; k < tex.size(); ++k) {
    const bool escaped = k > 0 && tex[k - 1] == '\\';
    if (tex[k] == '{' && !escaped) ++depth;
    if (tex[k] == '}' && !escaped) --depth;
    REQUIRE(depth >= 0);
  }
  CHECK(depth == 0);
}

TEST_CASE("LaTeX: pdflatex compiles the tables") {
  if (shell("command -v pdflatex").text.empty()) {
    MESSAGE("[skipped: no pdflatex. Install the package texlive-latex-base]");
    return;
  }
  const TemporaryFile folder("tex");
  std::filesystem::create_directories(folder.path);
  std::ofstream(folder.path + "/results.tex") << results_tex(sample_report());
  const Finished done =
      shell(fmt::format("cd {} && pdflatex -interaction=nonstopmode -halt-on-error results.tex", folder.path));
  CAPTURE(done.text);
  CHECK(done.code == 0);
  CHECK(std::filesystem::exists(folder.path + "/results.pdf"));
  std::filesystem::remove_all(folder.path);
}
