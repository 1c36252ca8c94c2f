// SPDX-License-Identifier: Apache-2.0
// The pages for readers: every link leads to a file, and to a heading where it names one; nothing was left to fill in;
// the tests that they name are there. The commands that they show: documented_commands_test.py.
#include <doctest/doctest.h>

#include <cctype>
#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "experiments/program/environment.h"
#include "tests/support/shell.h"

namespace fs = std::filesystem;

namespace {

std::string text_of(const fs::path& path) {
  std::ifstream in(path);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

std::vector<fs::path> pages() {
  std::vector<fs::path> out = {cg::source_root() / "README.md"};
  for (const auto& entry : fs::recursive_directory_iterator(cg::source_root() / "docs"))
    if (entry.path().extension() == ".md") out.push_back(entry.path());
  return out;
}

/// The names that code-hosting sites give a page's headings: lower case, spaces as hyphens, no punctuation.
std::set<std::string> anchors(const std::string& page) {
  std::set<std::string> out;
  std::istringstream lines(page);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with('#')) continue;
    std::string name;
    for (const char c : line.substr(line.find_first_not_of("# "))) {
      if (c == ' ') name += '-';
      if (std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-')
        name += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    }
    out.insert(name);
  }
  return out;
}

std::vector<std::string> matches(const std::string& text, const std::string& pattern) {
  const std::regex expression(pattern);
  std::vector<std::string> out;
  for (std::sregex_iterator it(text.begin(), text.end(), expression), end; it != end; ++it) out.push_back((*it)[1]);
  return out;
}

}  // namespace

TEST_CASE("docs: every link of README and docs has a target") {
  std::size_t links = 0;
  for (const fs::path& page : pages())
    for (const std::string& link : matches(text_of(page), R"(\]\(([^)\s]+)\))")) {
      if (link.starts_with("http")) continue;
      CAPTURE(page);
      CAPTURE(link);
      const auto hash = link.find('#');
      const fs::path target = hash == 0 ? page : page.parent_path() / link.substr(0, hash);
      CHECK(fs::exists(target));
      if (hash != std::string::npos) CHECK(anchors(text_of(target)).contains(link.substr(hash + 1)));
      ++links;
    }
  CHECK(links > 30);
}

TEST_CASE("docs: every page is linked from README or another page, and has no placeholder") {
  std::string all;
  for (const fs::path& page : pages()) {
    const std::string text = text_of(page);
    CAPTURE(page);
    CHECK(matches(text, "(@[A-Z]+@|TODO|FIXME)").empty());
    all += text;
  }
  for (const fs::path& page : pages()) {
    CAPTURE(page);
    if (page.filename() != "README.md") CHECK(all.find(page.filename().string() + ")") != std::string::npos);
  }
}

TEST_CASE("docs: every test that a page names exists") {
  int named = 0;
  for (const fs::path& page : pages()) {
    const std::string text = text_of(page);
    for (const char* pattern : {R"re(([a-z_.]+_test) -tc=("[^"]+"))re", R"re(-tc=("[^"]+")` of `([a-z_.]+_test))re"}) {
      const std::regex expression(pattern);
      const bool program_first = pattern[0] == '(';
      for (std::sregex_iterator it(text.begin(), text.end(), expression), end; it != end; ++it) {
        const std::string program = (*it)[program_first ? 1 : 2], filter = (*it)[program_first ? 2 : 1];
        CAPTURE(page);
        CAPTURE(program);
        CAPTURE(filter);
        const auto counted =
            cg::test::shell(std::string(CG_TEST_BINARIES) + "/../tests/" + program + " -c -tc=" + filter);
        CHECK(counted.code == 0);
        CHECK(counted.says("passing the current filters: "));
        CHECK_FALSE(counted.says("passing the current filters: 0"));
        ++named;
      }
    }
  }
  CHECK(named > 5);
}
