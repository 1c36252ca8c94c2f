// SPDX-License-Identifier: Apache-2.0
// The whole network against PyTorch: names of the parameters, features, three steps of training with DynLocRep and
// Adam, every parameter's gradient. tests/golden/resnet18.h5; read tests/support/golden_network.h.
#include <doctest/doctest.h>

#include "layers/file_order.h"
#include "tests/support/golden_network.h"
#include "tests/support/tensors.h"

using namespace cg;
using namespace cg::test;

TEST_CASE("ResNet-18: names, order and shapes of the parameters are those of the published checkpoints") {
  const GoldenRun run;
  Model model{ModelOptions{}};
  MetaBackend meta;
  const ParameterStore store(meta, DType::f32, model.parameters());
  auto name = run.names.begin();
  for (const Parameter* p : store.parameters()) {
    if (!p->trained) continue;
    REQUIRE(name != run.names.end());
    CHECK(p->name == name.key());
    CHECK(file_shape(p->shape) == name.value().get<Shape>());
    ++name;
  }
  CHECK(name == run.names.end());
  CHECK(store.trained_count() == run.file.integer("/", "parameter_count"));
  CHECK(store.trained_count() == 33488320);
}

TEST_CASE("ResNet-18: features, loss, gradients and three Adam steps are PyTorch's, in double and with fast kernels") {
  check_network(*make_cpu_backend());
}

TEST_CASE("ResNet-18 in float32 on the reference kernels: three steps on its own stay near PyTorch's double") {
  const GoldenRun run;
  HostBackend host;
  GoldenNetwork network(run, host, DType::f32);
  for (int step = 0; step < 3; ++step) check_step(run, network, step, single_precision);
  CHECK(relative_to_largest(network.evaluate(), run.file.numbers("features_eval_after")) <= single_precision.features);
}
