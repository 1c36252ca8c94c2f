// SPDX-License-Identifier: Apache-2.0
#include "tensor/backend/engine_table.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/support/program.h"
#include "tests/support/thrown.h"

using namespace cg;
using namespace cg::test;

namespace {

const std::string forward =
    "compute_capability=9.0 cudnn=91900 dtype=bfloat16 direction=forward adds=0 x=32x23x28x23x64 w=64x3x3x3x64 "
    "stride=1x1x1 padding=1x1x1 engine=62 knobs=2:3,11:0 workspace=4096 ms=0.2710 card=NVIDIA_H200";

/// `forward` with other words.
std::string changed(const std::string& from, const std::string& to) {
  std::string line = forward;
  const auto at = line.find(from);
  REQUIRE(at != std::string::npos);
  return line.replace(at, from.size(), to);
}

EngineTable table(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return EngineTable::parse(text, "my.txt");
}

}  // namespace

TEST_CASE("engine table: a line gives a problem, with the shape of its output, and its engine") {
  const EngineTable read = table({"# a comment", "", forward + "   # measured twice"});
  REQUIRE(read.entries().size() == 1);
  const EngineEntry& entry = read.entries()[0];
  CHECK(entry.major == 9);
  CHECK(entry.minor == 0);
  CHECK(entry.cudnn == 91900);
  const ConvolutionProblem expected{.direction = Direction::forward,
                                    .dtype = DType::bf16,
                                    .x = {32, 23, 28, 23, 64},
                                    .w = {64, 3, 3, 3, 64},
                                    .y = {32, 23, 28, 23, 64},
                                    .stride = {1, 1, 1},
                                    .padding = {1, 1, 1}};
  CHECK(entry.problem == expected);
  CHECK(entry.engine == 62);
  CHECK(entry.knobs == std::vector<EngineKnob>{{2, 3}, {11, 0}});
  CHECK(entry.workspace == 4096);
  CHECK(entry.milliseconds == 0.271);
  CHECK(entry.card == "NVIDIA_H200");
}

TEST_CASE("engine table: what is written is read back, for every direction, type and kind of knobs") {
  EngineTable written = table({forward, changed("direction=forward adds=0", "direction=data_gradient adds=1"),
                               changed("direction=forward", "direction=weight_gradient"),
                               changed("dtype=bfloat16", "dtype=float32"), changed("knobs=2:3,11:0", "knobs=none"),
                               changed("stride=1x1x1 padding=1x1x1", "stride=2x2x1 padding=0x1x0"),
                               changed("compute_capability=9.0", "compute_capability=12.1")});
  EngineEntry named = written.entries()[0];
  named.card = "NVIDIA H100 80GB #2";
  named.cudnn = 92000;
  written.put(named);
  const EngineTable read = EngineTable::parse(written.text(), "again.txt");
  REQUIRE(read.entries().size() == 8);
  CHECK(read.text() == written.text());
  for (std::size_t k = 0; k < 8; ++k) {
    CHECK(read.entries()[k].is_for_same(written.entries()[k]));
    CHECK(read.entries()[k].engine == 62);
    CHECK(read.entries()[k].knobs == written.entries()[k].knobs);
  }
  CHECK(read.entries()[1].problem.adds);
  CHECK(read.entries()[5].problem.y == Shape{32, 11, 14, 21, 64});
  CHECK(read.entries()[7].card == "NVIDIA_H100_80GB__2");
}

TEST_CASE("engine table: of several entries for a problem the first counts; put() replaces, append() adds behind") {
  EngineTable first = table({changed("engine=62", "engine=22")});
  first.append(table({forward, changed("direction=forward", "direction=weight_gradient")}));
  auto found = first.of(9, 0, 91900);
  REQUIRE(found.size() == 2);
  const ConvolutionProblem problem = first.entries()[0].problem;
  CHECK(found.at(problem).engine == 22);
  EngineEntry better = first.entries()[0];
  better.engine = 5;
  first.put(better);
  CHECK(first.entries().size() == 3);
  CHECK(first.of(9, 0, 91900).at(problem).engine == 5);
}

TEST_CASE("engine table: entries for another version of cuDNN or another compute capability are not used") {
  const EngineTable one = table({forward});
  CHECK(one.of(9, 0, 91900).size() == 1);
  CHECK(one.of(9, 0, 91901).empty());
  CHECK(one.of(8, 0, 91900).empty());
  CHECK(one.of(9, 1, 91900).empty());
}

TEST_CASE("engine table: a wrong line is reported with its number and what is expected") {
  struct Case {
    std::string from, to;
    std::vector<std::string> words;
  };
  const std::vector<Case> cases = {
      {"cudnn=91900 ", "", {"cudnn is missing", "a version of cuDNN"}},
      {" card=NVIDIA_H200", "", {"card is missing"}},
      {"engine=62", "engine=62 engine=63", {"engine is given twice"}},
      {"engine=62", "engine=", {"engine = \"\"", "cuDNN's number of an engine"}},
      {"engine=62", "engine=-1", {"engine = \"-1\""}},
      {"engine=62", "motor=62", {"unknown key \"motor\"", "one of compute_capability, cudnn, dtype"}},
      {"engine=62", "62", {"\"62\" is not a word key=value"}},
      {"compute_capability=9.0", "compute_capability=90", {"major.minor"}},
      {"dtype=bfloat16", "dtype=float64", {"bfloat16 or float32"}},
      {"direction=forward", "direction=backward", {"forward, data_gradient or weight_gradient"}},
      {"adds=0", "adds=2", {"adds = \"2\"; expected 0 or 1"}},
      {"adds=0", "adds=1", {"adds = 1 for direction forward"}},
      {"x=32x23x28x23x64", "x=32x23x28x64", {"five extents"}},
      {"x=32x23x28x23x64", "x=32x23x28x23x-64", {"five extents"}},
      {"x=32x23x28x23x64", "x=32x23x28x23x32", {"x has 32 channels, w expects 64"}},
      {"x=32x23x28x23x64 w=64x3x3x3x64",
       "x=32x23x28x23x64 w=64x30x3x3x64",
       {"a window that fits into the padded input"}},
      {"stride=1x1x1", "stride=0x1x1", {"three integers above 0"}},
      {"padding=1x1x1", "padding=1x1x1x1", {"three integers"}},
      {"knobs=2:3,11:0", "knobs=2=3", {"pairs number:value"}},
      {"knobs=2:3,11:0", "knobs=2:3,", {"pairs number:value"}},
      {"workspace=4096", "workspace=4e3", {"workspace = \"4e3\"; expected bytes"}},
      {"ms=0.2710", "ms=fast", {"milliseconds"}},
  };
  for (const Case& c : cases) {
    CAPTURE(c.to);
    std::vector<std::string> words = c.words;
    words.push_back("my.txt:3: ");
    check_fails([&] { table({"# comment", forward, changed(c.from, c.to)}); }, ErrorKind::usage, words);
  }
}

TEST_CASE("engine table: a file that cannot be read is an error; an empty one is an empty table") {
  const TestFolder folder;
  const std::string missing = folder.path() + "/none.txt", empty = folder.path() + "/empty.txt";
  check_fails([&] { EngineTable::read(missing); }, ErrorKind::usage, {missing, "cannot be read", "CORTEXGRAD_ENGINES"});
  check_fails([&] { EngineTable::read(folder.path()); }, ErrorKind::usage, {folder.path(), "cannot be read"});
  std::ofstream(empty).close();
  CHECK(EngineTable::read(empty).entries().empty());
}

TEST_CASE("engine table: the table of the repository is as sweep_engines writes it") {
  const std::string file = std::string(CG_TEST_SOURCE) + "/tensor/backend/cuda/library/engines.txt";
  std::ifstream in(file);
  std::ostringstream text;
  text << in.rdbuf();
  CHECK(EngineTable::read(file).text() == text.str());
  CHECK(text.str().starts_with("# SPDX-License-Identifier: Apache-2.0\n"));
}
