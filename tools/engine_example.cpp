// SPDX-License-Identifier: Apache-2.0
// A two-layer 3D network learns the mean of random volumes: the program that docs/engine.md explains.
#include <cstdio>

#include "layers/batch_norm.h"
#include "layers/conv.h"
#include "layers/projection_head.h"
#include "optim/adam.h"
#include "tensor/ops/global_average_pool.h"
#include "tensor/random.h"

using namespace cg;

struct Network : Module {
  Convolution& convolution = child<Convolution>("convolution", Convolution::Attributes{.inputs = 1, .outputs = 8});
  BatchNormalisation& norm = child<BatchNormalisation>("norm", Index{8});
  LinearLayer& output = child<LinearLayer>("output", Index{8}, Index{1});

  Variable forward(Context& ctx, const Variable& volumes) {  // [n, D, H, W, 1] → [n, 1]
    const Variable x = norm.forward_relu(ctx, convolution.forward(ctx, volumes));
    return output.forward(ctx, ctx.apply(GlobalAveragePool{}, {x}));
  }
};

int main() {
  constexpr Index n = 8, voxels = 8 * 8 * 8;
  const auto backend = make_cpu_backend();
  Network network;
  ParameterStore store(*backend, DType::f32, network.parameters());
  store.initialise(/*seed=*/1);
  Adam adam(store, {.weight_decay = 0});

  Random random({.seed = 2});  // volume i is noise around the number target[i], between −1 and 1
  std::vector<double> target, values;
  for (Index i = 0; i < n; ++i) {
    target.push_back(2 * random.uniform() - 1);
    for (Index k = 0; k < voxels; ++k) values.push_back(target.back() + 0.5 * random.normal());
  }
  Tensor volumes = backend->tensor({{n, 8, 8, 8, 1}, DType::f32});
  from_doubles(*backend, values, volumes);

  for (int step = 1; step <= 100; ++step) {
    Tape tape(*backend);
    Context ctx(tape, /*training=*/true);
    const Variable y = network.forward(ctx, constant(volumes));
    const std::vector<double> predicted = to_doubles(*backend, y.value);
    double loss = 0;  // mean squared error; dL/dy = 2 (y − target) / n
    std::vector<double> gradient(n);
    for (std::size_t i = 0; i < n; ++i) {
      loss += (predicted[i] - target[i]) * (predicted[i] - target[i]) / n;
      gradient[i] = 2 * (predicted[i] - target[i]) / n;
    }
    Tensor dy = backend->tensor(y.spec());
    from_doubles(*backend, gradient, dy);
    tape.backward(y, dy);
    adam.step(store, /*rate=*/1e-2);
    if (step == 1 || step % 25 == 0) std::printf("step %3d  loss %.5f\n", step, loss);
  }
}
