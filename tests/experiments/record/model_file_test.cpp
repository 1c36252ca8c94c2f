// SPDX-License-Identifier: Apache-2.0
#include "experiments/record/model_file.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "data/formats/hdf5_file.h"
#include "losses/dynlocrep.h"
#include "tests/data/formats/raw_h5.h"

using namespace cg;
using namespace cg::test;

TEST_CASE("Model file: it records whether there is a projection head, and contains one only then") {
  for (const bool projection : {true, false}) {
    HostBackend backend;
    LearnerOptions options;
    options.model = {.channels = 1, .width = 2, .projection = projection, .embedding = 8};
    Learner learner(backend, options, make_loss<DynLocRep>());
    const TemporaryFile file("model.h5");
    write_model(file.path, learner);
    const H5Reader reader(file.path);
    CHECK(reader.number_attribute("projection") == projection);
    CHECK(reader.number_attribute("embedding") == 8);
    for (const Parameter* p : learner.parameters().parameters()) CHECK(reader.has(p->name));
    const auto members = reader.members();
    const auto any_of = [&](const std::string& part) {
      return std::ranges::any_of(members, [&](const std::string& name) { return name.starts_with(part); });
    };
    CHECK(any_of("head.") == projection);
    CHECK(any_of("encoder."));
  }
}
