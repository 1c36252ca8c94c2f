// SPDX-License-Identifier: Apache-2.0
#include "experiments/program/program.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <new>
#include <regex>
#include <sstream>

using namespace cg;

namespace {

std::string text_of(const std::string& file) {
  std::ifstream in(std::string(CG_TEST_SOURCE "/") + file);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// The first two groups of each match, joined by a space: "2 usage, configuration".
std::vector<std::string> matches(const std::string& text, const std::string& pattern) {
  const std::regex expression(pattern);
  std::vector<std::string> out;
  for (std::sregex_iterator it(text.begin(), text.end(), expression), end; it != end; ++it)
    out.push_back((*it)[1].str() + " " + (*it)[2].str());
  return out;
}

}  // namespace

TEST_CASE("exit codes: --help has the words of docs/exit-codes.md, for every code and in its order") {
  std::string help = exit_code_help();
  CHECK(help.starts_with("\nExit codes:\n  0 done   1 a fault"));
  std::istringstream lines(help);
  for (std::string line; std::getline(lines, line);) CHECK(line.size() <= 100);
  help = std::regex_replace(help, std::regex("\n  (?=[^ ])"), "   ");
  std::string page;
  for (const std::string& row : matches(text_of("docs/exit-codes.md"), R"(\n\| ([0-9n+]+) \| ([^|]+) \|)"))
    page += "   " + row;
  CHECK(help == "\nExit codes:" + page);
}

TEST_CASE("exit codes: every value of ErrorKind has words") {
  const auto kinds = matches(text_of("tensor/error.h"), R"(\n  (\w+) = (\d+),)");
  REQUIRE(kinds.size() == error_kinds().size());
  std::size_t k = 0;
  for (const auto& [kind, words] : error_kinds())
    CHECK(kinds[k++].ends_with(" " + std::to_string(static_cast<int>(kind))));
}

TEST_CASE("exit codes: a program's --help names its own kinds, and those of every program") {
  CHECK(exit_code_help({ErrorKind::storage, ErrorKind::data}) ==
        "\nExit codes:\n  0 done   1 a fault of the program itself   2 usage, configuration   3 data   8 storage\n"
        "  128+n killed by signal n");
}

TEST_CASE("exit codes: the advice about memory holds for every program") {
  const std::string file = std::filesystem::temp_directory_path() / ("cg-test-" + std::to_string(getpid()) + "-memory");
  std::fflush(stderr);
  const int before = dup(STDERR_FILENO), to = open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  dup2(to, STDERR_FILENO);
  const int code = exit_code_of([]() -> int { throw std::bad_alloc(); });
  std::fflush(stderr);
  dup2(before, STDERR_FILENO);
  close(before);
  close(to);
  std::ifstream in(file);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  std::filesystem::remove(file);
  CHECK(code == 6);
  CHECK(text == "error: out of memory. Free some memory; for a run, use a smaller train.batch_size or model.width.\n");
}
