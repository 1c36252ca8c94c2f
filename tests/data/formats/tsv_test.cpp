// SPDX-License-Identifier: Apache-2.0
// Tables as BIDS and spreadsheets write them.
#include "data/formats/tsv.h"

#include <doctest/doctest.h>

#include <fstream>

#include "tests/data/formats/raw_h5.h"
#include "tests/support/property.h"
#include "tests/support/thrown.h"

using namespace cg;
using namespace cg::test;

TEST_CASE("Table: tabs, commas or semicolons, by the file's ending and header; both line ends; a byte order mark") {
  const std::string names[] = {"p.tsv", "p.csv", "p.csv"}, separators[] = {"\t", ",", ";"};
  for (std::size_t k = 0; k < 3; ++k)
    for (const char* end : {"\n", "\r\n"})
      for (const char* mark : {"", "\xef\xbb\xbf"}) {
        const std::string s = separators[k];
        const Table table(
            mark + ("participant_id" + s + "age" + end + "sub-1" + s + " 23.5 " + end + end + "sub-2" + s + "89+"),
            names[k]);
        CHECK(table.columns() == std::vector<std::string>{"participant_id", "age"});
        REQUIRE(table.rows() == 2);
        CHECK(table.cell(0, "age") == "23.5");
        CHECK(table.cell(1, "participant_id") == "sub-2");
        CHECK(table.line(0) == 2);
        CHECK(table.line(1) == 4);
      }
}

TEST_CASE("Table: quoted cells may contain separators, quotes and line ends") {
  const Table table("id,note,age\r\n\"a\",\"one, \"\"two\"\"\nthree\",\"23,5\"\nb,,1\n", "p.csv");
  CHECK(table.cell(0, "id") == "a");
  CHECK(table.cell(0, "note") == "one, \"two\"\nthree");
  CHECK(decimal(table.cell(0, "age")) == 23.5);
  CHECK(table.cell(1, "note").empty());
  CHECK(table.line(1) == 4);
}

TEST_CASE("Table: the header shows the separator, whatever the name") {
  struct Row {
    const char *name, *text;
    std::vector<std::string> columns;
  };
  for (const Row& row : {
           Row{"p.tsv", "id,age\na,30\n", {"id", "age"}},
           Row{"p.csv", "id\tage\na\t30\n", {"id", "age"}},
           Row{"p.CSV", "id,age\na,30\n", {"id", "age"}},
           Row{"p.txt", "id;age\na;30\n", {"id", "age"}},
           Row{"p.csv", "id;age;\"weight (kg, dry)\"\na;30;1,5\n", {"id", "age", "weight (kg, dry)"}},
           Row{"p.csv", "id;age;weight (kg, dry)\na;30;1,5\n", {"id", "age", "weight (kg, dry)"}},
           Row{"p.tsv", "id\tage\tnote, free; long, or not\na\t30\tb\n", {"id", "age", "note, free; long, or not"}},
           Row{"p.csv", "sep=;\r\nid;age,x\r\na;30\r\n", {"id", "age,x"}},
           Row{"p.csv", "id\na\n", {"id"}},
           Row{"p.csv", "id,age\ra,30\r", {"id", "age"}},
       }) {
    CAPTURE(row.text);
    const Table table(row.text, row.name);
    CHECK(table.columns() == row.columns);
    REQUIRE(table.rows() == 1);
    CHECK(table.cell(0, row.columns.front()) == "a");
    if (row.columns.size() > 1) CHECK(table.cell(0, row.columns[1]) == "30");
  }
  CHECK(Table("sep=;\nid;age\na;30\n", "p.csv").line(0) == 3);
}

TEST_CASE("Table: empty last columns, rows of separators alone and no-break spaces are ignored") {
  const Table table("id,age,,\na,\u00a030\u202f,,\n,,,\nb,40\u00a0,,\n", "p.csv");
  CHECK(table.columns() == std::vector<std::string>{"id", "age"});
  REQUIRE(table.rows() == 2);
  CHECK(table.cell(0, "age") == "30");
  CHECK(table.cell(1, "age") == "40");
  CHECK(table.line(1) == 4);
  check_fails([] { Table("id,age,\na,30,x\n", "p.csv"); }, ErrorKind::data, {"column 3 has no name"});
  check_fails([] { Table("id,,age\na,,30\n", "p.csv"); }, ErrorKind::data, {"column 2 has no name"});
  check_fails([] { Table("id   age\na   30\n", "p.tsv"); }, ErrorKind::data, {"separated by spaces", "tabs"});
}

TEST_CASE("Table: all problems are reported together, with their lines") {
  check_fails([] { Table("id\tage\tid\t\na\t1\n\nb\t1\t2\t3\nc\t1\t2\t3\t4\n", "p.tsv"); }, ErrorKind::data,
              {"p.tsv", "4 problems", "columns 1 and 3 are both named \"id\"", "column 4 has no name",
               "line 2: 2 cells, expected 4", "line 5: 5 cells, expected 4"});
  check_fails([] { Table("id\tage\n", "p.tsv"); }, ErrorKind::data, {"no rows"});
  check_fails([] { Table("id\tage\na\t\"1\nb\t2\n", "p.tsv"); }, ErrorKind::data, {"p.tsv:2", "quote"});
  check_fails([] { Table(std::string("\xff\xfei\0d\0", 6), "p.tsv"); }, ErrorKind::data, {"UTF-8"});
  check_fails([] { Table("id\tstudy\na\tZ\u00fcrich\nb\tZ\xfcrich\n", "p.tsv"); }, ErrorKind::data,
              {"p.tsv:3", "not UTF-8"});
  check_fails([] { (void)Table("id\tage\na\t1\n", "p.tsv").cell(0, "Age"); }, ErrorKind::data,
              {"no column \"Age\"", "id, age"});
  check_fails([] { Table(std::filesystem::path("/nowhere/p.tsv")); }, ErrorKind::data, {"no such file"});
}

TEST_CASE("Table: files are read, and no bytes cause a crash") {
  const TemporaryFile file("people.tsv");
  std::ofstream(file.path) << "participant_id\tage\nsub-1\t30\n";
  CHECK(Table(std::filesystem::path(file.path)).cell(0, "age") == "30");
  property("any bytes", [] {
    const auto text = *rc::gen::container<std::string>(rc::gen::element('a', '"', '\t', ',', '\n', '\r', ';', ' '));
    const char* name = *rc::gen::element("p.tsv", "p.csv");
    try {
      const Table table(text, name);
      for (Index r = 0; r < table.rows(); ++r)
        for (const std::string& column : table.columns()) (void)table.cell(r, column);
    } catch (const Error& error) {
      RC_ASSERT(error.kind() == ErrorKind::data);
    }
  });
}

TEST_CASE("decimal and age_of: points, commas and plus are accepted, other text is not a number") {
  CHECK(decimal("23.5") == 23.5);
  CHECK(decimal(" 23,5 ") == 23.5);
  CHECK(decimal("-4") == -4);
  CHECK(decimal("+4") == 4);
  CHECK(decimal("1e2") == 100);
  for (const char* text : {"", "n/a", "1,234.5", "1,2,3", "0x10", "inf", "nan", "23 years", "20-25", "+-4", "1e999"}) {
    CAPTURE(text);
    CHECK_FALSE(decimal(text).has_value());
  }
  CHECK(age_of("89+")->years == 89);
  CHECK(age_of("89+")->or_more);
  CHECK_FALSE(age_of("89,5")->or_more);
  CHECK_FALSE(age_of("+").has_value());
}

TEST_CASE("is_missing: all words for a missing value") {
  for (const char* text : {"", "n/a", "N/A", "NA", "NaN", "None", "null", "-", ".", "?"}) CHECK(is_missing(text));
  for (const char* text : {"0", "--", "nana", "M"}) CHECK_FALSE(is_missing(text));
}
