// SPDX-License-Identifier: Apache-2.0
// The times of a step by layer: a convolution's two gradients apart, and the same bits as without the measurement.
#include "tools/benchmark/layer_times.h"

#include <doctest/doctest.h>

#include <set>

#include "autograd/context.h"
#include "tensor/ops/conv3d.h"
#include "tests/support/tensors.h"

using namespace cg;
using namespace cg::test;

namespace {

/// The gradients of a volume and a weight through one convolution.
std::vector<double> gradients(Backend& backend, TapeObserver* observer) {
  Random random({.seed = 4});
  const auto drawn = [&](const char* name, const Shape& shape) {
    const Spec spec{shape, DType::f32};
    return leaf(name, tensor_of(backend, spec, normals(random, spec.count())), backend.tensor(spec));
  };
  const Variable x = drawn("x", {1, 4, 4, 4, 2}), w = drawn("w", {3, 3, 3, 3, 2});
  Tape tape(backend);
  tape.observe(observer);
  Context ctx(tape, true);
  const auto scope = ctx.scope("layer");
  const Variable y = ctx.apply(Conv3d{.padding = {1, 1, 1}}, {x, w});
  tape.backward(y, tensor_of(backend, y.spec(), normals(random, y.spec().count())));
  std::vector<double> all = numbers_of(x.leaf->gradient);
  for (const double value : numbers_of(w.leaf->gradient)) all.push_back(value);
  return all;
}

}  // namespace

TEST_CASE("times by layer: forward, data gradient and weight gradient of a convolution are measured apart") {
  HostBackend backend;
  LayerTimes times(backend);
  const std::vector<double> observed = gradients(backend, &times);
  times.finish();
  std::set<std::string> directions;
  for (const auto& row : times.to_json(1)) {
    directions.insert(row["direction"]);
    CHECK(row["layer"] == "layer");
    CHECK(row["milliseconds"].get<double>() > 0);
    CHECK(row["operations"] == 2 * 64 * 3 * 27 * 2);
    CHECK(row["bytes"] ==
          4 * (64 * 2 + 3 * 27 * 2 + 64 * 3));  // two of volume, weight and output are read, one written
  }
  CHECK(directions == std::set<std::string>{"forward", "data gradient", "weight gradient"});
  CHECK(observed == gradients(backend, nullptr));
}

TEST_CASE("times by layer: events follow one another") {
  HostBackend backend;
  const auto first = backend.record_event(), second = backend.record_event();
  CHECK(second->since(*first) >= 0);
}
