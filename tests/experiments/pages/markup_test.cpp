// SPDX-License-Identifier: Apache-2.0
// Markup: input stays text, and output is well-formed.
#include "experiments/pages/markup.h"

#include <doctest/doctest.h>

#include "tests/support/well_formed.h"

using namespace cg;
using test::malformed;

TEST_CASE("markup: the characters of tags, entities and quotes are escaped, control bytes become spaces") {
  CHECK(escaped("a < b & \"c\" > 'd'") == "a &lt; b &amp; &quot;c&quot; &gt; &#39;d&#39;");
  CHECK(escaped(std::string("a\0b\n\x1b\x7f", 6)) == "a b   ");
  CHECK(escaped("&lt;") == "&amp;lt;");
  CHECK(escaped("").empty());
}

TEST_CASE("markup: UTF-8 is kept, and invalid bytes become U+FFFD") {
  for (const char* kept : {"\u00d7", "\u20ac", "\U0001F9E0", "\uD7FF", "\uE000", "\U0010FFFD"})
    CHECK(escaped(kept) == kept);
  const std::string other = "\uFFFD";
  CHECK(escaped("\xff") == other);
  CHECK(escaped("a\x80z") == "a" + other + "z");
  CHECK(escaped("\xe2\x82") == other + other);  // incomplete
  CHECK(escaped("\xc0\xbc") == other + other);  // "<" in an overlong encoding
  CHECK(escaped("\xe0\x80\xbc") == other + other + other);
  CHECK(escaped("\xed\xa0\x80") == other + other + other);              // half of a surrogate pair
  CHECK(escaped("\xf4\x90\x80\x80") == other + other + other + other);  // above U+10FFFF
}

TEST_CASE("markup: elements nest, and their content and attributes cannot break out") {
  Markup page;
  page.open("a", {{"title", "\"><script>"}}).text("1 < 2").element("b", {}, "</a>").empty("c", {{"d", "&"}}).close();
  const std::string text = page.take();
  CHECK(malformed(text) == "");
  CHECK(text.find("<script") == std::string::npos);
  CHECK(text.find("title=\"&quot;&gt;&lt;script&gt;\"") != std::string::npos);
}

TEST_CASE("the check of well-formedness detects each kind of error") {
  CHECK(malformed("<a b=\"1\">x &lt; <c/> </a\n>") == "");
  for (const char* wrong :
       {"", "text", "<a>", "<a></b>", "<a></a><b></b>", "<a b=1></a>", "<a b=\"<\"></a>", "<a>&nbsp;</a>", "<a>& </a>",
        "<a>1 < 2</a>", "<a b=\"1\" b=\"2\"></a>", "</a>", "<a/>x", "<a>\x01</a>"}) {
    CAPTURE(wrong);
    CHECK(malformed(wrong) != "");
  }
}
