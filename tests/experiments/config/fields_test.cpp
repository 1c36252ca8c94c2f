// SPDX-License-Identifier: Apache-2.0
#include "experiments/config/fields.h"

#include <doctest/doctest.h>

#include "tensor/error.h"

using namespace cg;

namespace {

enum class Colour { red, green };
struct Inner {
  double weight = 0.5;
};
struct Outer {
  Index count = 3;
  bool on = false;
  Colour colour = Colour::red;
  std::string name = "a \"b\"\\\n";
  std::vector<double> values{1, 0.1};
  std::vector<std::string> words;
  std::vector<std::string> fruits;
  Inner inner;
};

Fields<Outer> outer_fields() {
  Fields<Outer> out{
      field("count", &Outer::count, between(1, 10), "How many."),
      field("on", &Outer::on, any(), "Whether."),
      field("colour", &Outer::colour, {"red", "green"}, "Which."),
      field("name", &Outer::name, any(), "Called."),
      field("values", &Outer::values, at_least(0), "Numbers."),
      field("words", &Outer::words, any(), "Words."),
      field("fruits", &Outer::fruits, one_of({"apple", "pear"}), "What is eaten."),
  };
  for (auto& f : section("inner", &Outer::inner, {field("weight", &Inner::weight, above(0), "Heavy.")}))
    out.push_back(f);
  return out;
}

std::string errors_of(const std::string& text, std::vector<std::string> overrides = {}) {
  const Source source{"f.toml", text, std::move(overrides)};
  try {
    throw_diagnostics(source, check(options_of(outer_fields()), source).diagnostics);
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::usage);
    return error.what();
  }
  return "";
}

Outer parsed(const std::string& text, std::vector<std::string> overrides = {}) {
  const Source source{"f.toml", text, std::move(overrides)};
  const Checked checked = check(options_of(outer_fields()), source);
  throw_diagnostics(source, checked.diagnostics);
  return assemble(outer_fields(), checked);
}

}  // namespace

TEST_CASE("Fields: all types are read, and whole numbers are accepted as numbers") {
  const Outer o = parsed(
      "count = 7\non = true\ncolour = 'green'\nname = 'x'\nvalues = [1, 2.5]\nwords = ['p']\n"
      "[inner]\nweight = 2\n");
  CHECK(o.count == 7);
  CHECK(o.on);
  CHECK(o.colour == Colour::green);
  CHECK(o.name == "x");
  CHECK(o.values == std::vector<double>{1, 2.5});
  CHECK(o.words == std::vector<std::string>{"p"});
  CHECK(o.inner.weight == 2);
  CHECK(parsed("values = [1, 2]\n").values == std::vector<double>{1, 2});
  CHECK(parsed("words = []\nvalues = []\n").values.empty());
  CHECK(parsed("inner.weight = inf\n").inner.weight > 1e300);
}

TEST_CASE("Fields: all errors are reported together, in the order of the file, with line and column") {
  CHECK(errors_of("count = 11\n  colour = 'gren'\ncont = 1\n[iner]\nz = 1\n[inner]\nweight = 'x'\n") ==
        "f.toml:1:9: count = 11: expected an integer, 1 to 10\n"
        "f.toml:2:12: colour = \"gren\": expected one of red, green; did you mean \"green\"?\n"
        "f.toml:3:1: unknown key \"cont\" at the top level; did you mean \"count\"?\n"
        "f.toml:4:2: unknown section [iner]; did you mean [inner]?\n"
        "f.toml:7:10: inner.weight: expected a number, found the text \"x\"");
}

TEST_CASE("Fields: for a key in the wrong section, the right section is suggested") {
  CHECK(errors_of("weight = 1\n") ==
        "f.toml:1:1: unknown key \"weight\" at the top level; did you mean \"weight\" in [inner]?");
  CHECK(errors_of("[inner]\ncount = 1\n") ==
        "f.toml:2:1: unknown key \"count\" in [inner]; did you mean \"count\" at the top level?");
  CHECK(errors_of("[inner]\nzzzzzz = 1\n") == "f.toml:2:1: unknown key \"zzzzzz\" in [inner]");
}

TEST_CASE("Fields: sections and values are distinguished") {
  CHECK(errors_of("inner = 3\n") == "f.toml:1:1: inner is a section and cannot have a value");
  CHECK(errors_of("[count]\na = 1\n") == "f.toml:1:2: count: expected an integer, found a section");
  CHECK(errors_of("[[inner]]\nweight = 1\n") == "f.toml:1:3: inner is a section and cannot have a value");
  CHECK(errors_of("count = 1979-05-27\n") == "f.toml:1:9: count: expected an integer, found a date or time");
  CHECK(errors_of("values = [1, 'a']\n") ==
        "f.toml:1:10: values: expected a list of numbers, found a list of mixed types");
}

TEST_CASE("Fields: syntax errors and repeated keys are reported with their position") {
  CHECK(errors_of("count = \n").starts_with("f.toml:1:9: "));
  CHECK(errors_of("count = 1\ncount = 2\n").starts_with("f.toml:2:"));
  CHECK(errors_of("[inner]\n[inner]\n").starts_with("f.toml:2:"));
  CHECK(errors_of("count = 1\n\xff = 2\n").find("invalid utf-8") != std::string::npos);
}

TEST_CASE("Fields: each word of a list is checked against the choices") {
  CHECK(parsed("fruits = ['pear', 'apple']\n").fruits == std::vector<std::string>{"pear", "apple"});
  CHECK(parsed("fruits = []\n").fruits.empty());
  CHECK(errors_of("fruits = ['pear', 'aple']\n") ==
        "f.toml:1:10: fruits = [\"pear\", \"aple\"]: expected a list of texts, each one of apple, pear; did you mean "
        "\"apple\"?");
}

TEST_CASE("Fields: NaN is outside of all ranges") {
  CHECK(errors_of("inner.weight = nan\n") == "f.toml:1:16: inner.weight = nan: expected a number, above 0");
}

TEST_CASE("Fields: the command line has priority, and the same checks") {
  CHECK(parsed("count = 7\n", {"count=8"}).count == 8);
  CHECK(parsed("", {"inner.weight=2"}).inner.weight == 2);
  CHECK(errors_of("", {"count=0", "inner.wight=1", "iner.weight=1", "inner=2", "on", "=3", "colour=blue"}) ==
        "command line: count = 0: expected an integer, 1 to 10\n"
        "command line: unknown key \"wight\" in [inner]; did you mean \"weight\"?\n"
        "command line: unknown section [iner]; did you mean [inner]?\n"
        "command line: inner is a section and cannot have a value\n"
        "command line: \"on\": expected key=value\n"
        "command line: \"=3\": expected key=value\n"
        "command line: colour = \"blue\": expected one of red, green");
  CHECK(errors_of("cont = 1\n", {"count=x"}) ==
        "f.toml:1:1: unknown key \"cont\" at the top level; did you mean \"count\"?\n"
        "command line: count: expected an integer, found the text \"x\"");
  CHECK(errors_of("", {"count=2", "count=3"}) == "command line: count is set twice");
}

TEST_CASE("Fields: quotes and outer brackets are optional on the command line") {
  CHECK(parsed("", {"name=green tea"}).name == "green tea");
  CHECK(parsed("", {"name=2024"}).name == "2024");
  CHECK(parsed("", {"name='quoted'"}).name == "quoted");
  CHECK(parsed("", {"name=a=b"}).name == "a=b");
  CHECK(parsed("", {"name="}).name.empty());
  CHECK(parsed("", {"name=1\ncount = 2"}).name == "1\ncount = 2");
  CHECK(parsed("", {"name=1\ncount = 2"}).count == 3);
  CHECK(parsed("", {"values=1,2"}).values == std::vector<double>{1, 2});
  CHECK(parsed("", {"values=[3]"}).values == std::vector<double>{3});
  CHECK(parsed("", {"fruits=pear"}).fruits == std::vector<std::string>{"pear"});
  CHECK(parsed("", {"fruits=[pear, apple]"}).fruits == std::vector<std::string>{"pear", "apple"});
  CHECK(parsed("", {"fruits=['pear']"}).fruits == std::vector<std::string>{"pear"});
  CHECK(parsed("", {"fruits="}).fruits.empty());
  CHECK(errors_of("", {"values=1,b"}) ==
        "command line: values: expected a list of numbers, found the list [\"1\", \"b\"]");
}

TEST_CASE("Fields: the resolved copy is read back unchanged, including unusual characters and long numbers") {
  Outer o;
  o.inner.weight = 0.1 + 0.2;
  o.name += "\x1b[31m ü";
  const std::string text = resolved(options_of(outer_fields(), o));
  const Outer back = parsed(text);
  CHECK(back.inner.weight == o.inner.weight);
  CHECK(back.name == o.name);
  CHECK(plain(options_of(outer_fields(), back)) == plain(options_of(outer_fields(), o)));
}

TEST_CASE("Fields: the manual lists key, type, range, default and sentence") {
  const std::string text = manual(options_of(outer_fields()));
  CHECK(text.find("  count   integer, 1 to 10; default 3\n          How many.\n") != std::string::npos);
  CHECK(text.find("\n[inner]\n  weight  number, above 0; default 0.5\n          Heavy.\n") != std::string::npos);
}
