// SPDX-License-Identifier: Apache-2.0
#include "experiments/program/nearest.h"

#include <doctest/doctest.h>

using namespace cg;

TEST_CASE("edit_distance counts insertions, deletions and replacements") {
  CHECK(edit_distance("epoch", "epochs") == 1);
  CHECK(edit_distance("kitten", "sitting") == 3);
  CHECK(edit_distance("", "ab") == 2);
  CHECK(edit_distance("ab", "ba") == 2);
}

TEST_CASE("nearest: the word with the fewest edits, at most two and fewer than the word has letters") {
  CHECK(nearest("--chekc", {"--help", "--check"}) == "--check");
  CHECK(nearest("cuta", {"cpu", "cuda"}) == "cuda");
  CHECK(nearest("qx", {"cpu", "ab"}) == "");
  CHECK(nearest("somewhere", {"else"}) == "");
  CHECK(did_you_mean("cqu", {"cpu"}) == "; did you mean \"cpu\"?");
  CHECK(did_you_mean("somewhere", {"else"}) == "");
}
