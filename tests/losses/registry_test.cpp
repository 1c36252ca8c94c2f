// SPDX-License-Identifier: Apache-2.0
#include "losses/registry.h"

#include <doctest/doctest.h>

#include <set>

#include "tensor/error.h"
#include "tests/losses/checks.h"

using namespace cg;

TEST_CASE("Registry: an unknown loss is an error that lists the names of all losses") {
  std::string names;
  for (const std::string& name : loss_names()) names += (names.empty() ? "" : ", ") + name;
  CHECK_THROWS_WITH_AS(make_loss({.name = "triplet"}), doctest::Contains(names.c_str()), Error);
}

TEST_CASE("Registry: the fields read and write every option, and the defaults are those of the published code") {
  LossOptions options;
  for (const auto& f : loss_fields()) {
    CAPTURE(f.key);
    CHECK(!f.sentence.empty());
    f.set(options, f.get(LossOptions{}));
  }
  CHECK(options.shared.published());
  CHECK(with_published_values(options).shared.temperature == 0.1);
  CHECK(options.shared.base_temperature == 0.07);
  CHECK(options.own.of<DynLocRep>().final_neighbours == 14);
}

TEST_CASE("Registry: no two losses have an option of one name, and formulas name options that there are") {
  std::set<std::string> keys;
  for (const auto& f : loss_fields()) CHECK_MESSAGE(keys.insert(f.key).second, "twice: " << f.key);
  for (const std::string& name : loss_names())
    for (const LossFormula& formula : {loss_info(name).printed, loss_info(name).published})
      for (const std::string& key : formula.options) CHECK_MESSAGE(keys.contains(key), name << " has no " << key);
}

TEST_CASE("Registry: own options are set and read by the type of their loss, and copied with the others") {
  LossOptions options;
  options.own.of<SupCon>().bin_width = 3;
  const LossOptions copy = options;
  options.own.of<SupCon>().bin_width = 4;
  CHECK(copy.own.of<SupCon>().bin_width == 3);
  CHECK(copy.own.of<Nnclr>().queue_size == 256);
  for (const auto& f : loss_fields())
    if (f.key == "bin_width") {
      CHECK(std::get<double>(f.get(options)) == 4);
      f.set(options, Value(5.0));
    }
  CHECK(options.own.of<SupCon>().bin_width == 5);
}
