// The whole network against PyTorch: features, three steps of training with DynLocRep and Adam, every parameter's
// gradient. tests/golden/resnet18.h5; weights and volumes come from a formula.
#include <doctest/doctest.h>

#include <map>

#include "autograd/context.h"
#include "layers/file_order.h"
#include "layers/model.h"
#include "optim/adam.h"
#include "tests/losses/golden_cases.h"
#include "tests/support/tensors.h"

using namespace cg;
using namespace cg::test;

namespace {

/// Number i of the sequence `seed`, within ± scale/2.
double formula(std::uint64_t i, std::uint64_t seed, double scale) {
  std::uint64_t x = (i + seed * 0x9E3779B97F4A7C15ull) * 0xBF58476D1CE4E5B9ull;
  x ^= x >> 31;
  x *= 0x94D049BB133111EBull;
  x ^= x >> 30;
  return (static_cast<double>(x >> 40) / 16777216.0 - 0.5) * scale;
}

std::vector<double> formula(Index n, std::uint64_t seed, double scale, double offset) {
  std::vector<double> out(static_cast<std::size_t>(n));
#pragma omp parallel for
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = formula(i, seed, scale) + offset;
  return out;
}

/// What the file says about the run.
struct Run {
  GoldenFile file{"resnet18.h5"};
  nlohmann::ordered_json names = nlohmann::ordered_json::parse(file.text("/", "names"));
  nlohmann::json options = nlohmann::json::parse(file.text("/", "loss_options"));
  std::vector<double> ages = file.numbers("ages");

  std::unique_ptr<Loss> loss() const {
    LossOptions o;
    for (const char* key : {"formulation", "kernel", "sigma", "temperature", "base_temperature", "distance"})
      set_option(o, key, options);
    return make_loss(o);
  }
  LossInput loss_input(const std::vector<double>& z) const {
    return {.z = z, .ages = ages, .views = 2, .neighbours = options.at("neighbours").get<Index>()};
  }
};

/// How far each kind of number may be off, relative to the largest of its kind.
struct Bounds {
  double features, loss, gradient_norm, entries, updated_norm;
};

/// The network with the file's weights and volumes.
class Network {
 public:
  Network(const Run& run, Backend& backend, DType dtype) : Network(run, backend, dtype, dtype) {}
  Network(const Run& run, Backend& backend, DType parameters, DType activations)
      : run_(run), activations_(activations), backend_(backend), store_(backend_, parameters, model_.parameters()) {
    std::uint64_t p = 0;
    for (Parameter* parameter : store_.parameters()) {
      const Index size = count(parameter->shape);
      if (!parameter->trained) {
        const double start = parameter->initial.law == Initial::Law::ones ? 1 : 0;
        store_.write(*parameter, std::vector<double>(static_cast<std::size_t>(size), start));
        continue;
      }
      const bool matrix = parameter->shape.size() > 1;
      const double fan = static_cast<double>(size) / static_cast<double>(parameter->shape[0]);
      const double offset = !matrix && parameter->name.ends_with("weight") ? 1 : 0;
      const auto values = formula(size, 1000 + p++, matrix ? 2 * std::sqrt(6 / fan) : 0.2, offset);
      store_.write(*parameter, from_file_order(parameter->shape, values));
    }
    const auto size = run.file.integers("/", "size");
    const Spec spec{{run.file.integer("/", "samples"), size.at(0), size.at(1), size.at(2), 1}, parameters};
    const auto seed = static_cast<std::uint64_t>(run.file.integer("/", "input_seed"));
    volumes_ = tensor_of(backend_, spec, formula(spec.count(), seed, 2, 0));  // one channel: no order to change
  }

  ParameterStore& store() { return store_; }

  std::vector<double> evaluate() {
    Tape tape(backend_);
    Context ctx(tape, false);
    return numbers_of(model_.forward(ctx, constant(volumes_), activations_).embeddings.value);
  }

  /// Forward, loss, backward: features; the gradients are in the store.
  std::vector<double> gradients(LossResult& result) {
    Tape tape(backend_);
    Context ctx(tape, true);
    const Variable z = model_.forward(ctx, constant(volumes_), activations_).embeddings;
    const std::vector<double> features = numbers_of(z.value);
    result = run_.loss()->evaluate(run_.loss_input(features));
    tape.backward(z, tensor_of(backend_, z.spec(), result.gradient));
    return features;
  }

  /// Takes over another network's parameters.
  void follow(const Network& other) {
    for (std::size_t k = 0; k < store_.parameters().size(); ++k)
      store_.write(*store_.parameters()[k], other.store_.read(*other.store_.parameters()[k]));
  }
  void update() { adam_.step(store_, 1e-4); }

 private:
  const Run& run_;
  DType activations_;
  Backend& backend_;
  Model model_{ModelOptions{}};
  ParameterStore store_;
  Adam adam_{store_, AdamOptions{}};
  Tensor volumes_;
};

/// The largest distance from the file over all parameters, and where.
struct Worst {
  double distance = 0;
  std::string name;
  void see(double d, const std::string& n) {
    if (d > distance || std::isnan(d)) *this = {d, n};
  }
};

void check(const std::string& what, const Worst& worst, double bound) {
  CHECK_MESSAGE(worst.distance <= bound, what, " of ", worst.name);
}

// Single entries are sums in which much cancels: they are allowed more than the norms.
constexpr Bounds single_precision{
    .features = 1e-4, .loss = 1e-4, .gradient_norm = 1e-3, .entries = 5e-3, .updated_norm = 1e-4};

/// One step of the network against the file's.
void check_step(const Run& run, Network& network, int step, const Bounds& bounds) {
  const std::string group = "step_" + std::to_string(step);
  CAPTURE(group);
  LossResult result;
  const auto features = network.gradients(result);
  CHECK(relative_to_largest(features, run.file.numbers(group + "/features")) <= bounds.features);
  CHECK(relative_to_largest({result.value}, run.file.numbers(group + "/loss")) <= bounds.loss);
  Worst norms, entries, updated;
  for (const Parameter* p : network.store().parameters()) {
    if (!p->trained) continue;
    const std::string at = group + "/" + p->name;
    const auto gradient = to_file_order(p->shape, network.store().read_gradient(*p));
    norms.see(relative_to_largest({norm(gradient)}, run.file.numbers(at + "/gradient_norm")), p->name);
    auto want = run.file.numbers(at + "/gradient_first");
    const auto last = run.file.numbers(at + "/gradient_last");
    std::vector<double> got(gradient.begin(), gradient.begin() + static_cast<std::ptrdiff_t>(want.size()));
    got.insert(got.end(), gradient.end() - static_cast<std::ptrdiff_t>(last.size()), gradient.end());
    want.insert(want.end(), last.begin(), last.end());
    entries.see(relative_to_largest(got, want), p->name);
  }
  network.update();
  for (const Parameter* p : network.store().parameters())
    if (p->trained)
      updated.see(relative_to_largest({norm(network.store().read(*p))},
                                      run.file.numbers(group + "/" + p->name + "/parameter_norm_after")),
                  p->name);
  check("gradient norm", norms, bounds.gradient_norm);
  check("gradient, first and last entries", entries, bounds.entries);
  check("norm after the step", updated, bounds.updated_norm);
}

}  // namespace

TEST_CASE("ResNet-18: names, order and shapes of the parameters are those of the published checkpoints") {
  const Run run;
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

// Left to itself a network with rounding errors of its own drifts away: Adam's first steps move a parameter by the sign
// of its gradient, however small. So each step of the fast kernels starts from the parameters reached in double.
TEST_CASE("ResNet-18: features, loss, gradients and three Adam steps are PyTorch's, in double and with fast kernels") {
  const Bounds exactly{.features = 1e-8, .loss = 1e-8, .gradient_norm = 1e-8, .entries = 1e-8, .updated_norm = 1e-8};
  const Bounds eight_bits{.features = 0.2, .loss = 0.1, .gradient_norm = 0.5, .entries = 1e9, .updated_norm = 1e-3};
  const Run run;
  HostBackend host;
  const auto cpu = make_cpu_backend();
  Network exact(run, host, DType::f64), fast(run, *cpu, DType::f32), brain_floats(run, *cpu, DType::f32, DType::bf16);
  CHECK(relative_to_largest(exact.evaluate(), run.file.numbers("features_eval_before")) <= exactly.features);
  for (int step = 0; step < 3; ++step) {
    fast.follow(exact);
    brain_floats.follow(exact);
    check_step(run, exact, step, exactly);
    check_step(run, fast, step, single_precision);
    check_step(run, brain_floats, step, eight_bits);
  }
  fast.follow(exact);
  const auto after = run.file.numbers("features_eval_after");
  CHECK(relative_to_largest(exact.evaluate(), after) <= exactly.features);
  CHECK(relative_to_largest(fast.evaluate(), after) <= single_precision.features);
}

TEST_CASE("ResNet-18 in float32 on the reference kernels: three steps on its own stay near PyTorch's double") {
  const Run run;
  HostBackend host;
  Network network(run, host, DType::f32);
  for (int step = 0; step < 3; ++step) check_step(run, network, step, single_precision);
  CHECK(relative_to_largest(network.evaluate(), run.file.numbers("features_eval_after")) <= single_precision.features);
}
