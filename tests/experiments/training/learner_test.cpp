// SPDX-License-Identifier: Apache-2.0
// One training step: what equal views change, and what a step that fails leaves behind.
#include "experiments/training/learner.h"

#include <doctest/doctest.h>
#include <omp.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "losses/dynlocrep.h"
#include "losses/registry.h"
#include "losses/y_aware.h"
#include "tensor/random.h"
#include "tests/support/thrown.h"

using namespace cg;
using namespace cg::test;

namespace {

constexpr Index subjects = 5;
const std::vector<double> ages = {21.5, 64.25, 33, 71, 35.5};
const StepSchedule second_epoch = {.epoch = 2, .max_epochs = 4};
constexpr double learning_rate = 1e-3;

LearnerOptions small(Index encoded_views, DType dtype) {
  LearnerOptions o;
  o.model = {.channels = 1, .width = 4, .embedding = 8};
  o.volume = {12, 14, 10};
  o.activations = o.parameters = dtype;
  o.views = 2;
  o.encoded_views = encoded_views;
  o.seed = 11;
  return o;
}

std::unique_ptr<Loss> loss(const std::string& name) {
  LossOptions options{.name = name};
  options.own.of<DynLocRep>().final_neighbours = 3;
  return make_loss(options);
}

/// The same random volumes in every view.
Tensor volumes(const Learner& learner, Index views) {
  HostBackend host;
  Tensor out = host.tensor(learner.options().batch_spec(subjects, views));
  with_type(out.dtype(), [&]<class T>() {
    const auto values = out.data<T>();
    Random random({.seed = 5});
    const std::size_t one = values.size() / static_cast<std::size_t>(views);
    for (std::size_t k = 0; k < values.size(); ++k)
      values[k] = k < one ? static_cast<T>(random.normal()) : values[k - one];
  });
  return out;
}

/// The largest difference as a share of the largest entry.
double difference(const std::vector<double>& a, const std::vector<double>& b, double least) {
  REQUIRE(a.size() == b.size());
  double most = 0, scale = least;
  for (std::size_t k = 0; k < a.size(); ++k) {
    most = std::max(most, std::abs(a[k] - b[k]));
    scale = std::max(scale, std::abs(b[k]));
  }
  return most / scale;
}

double largest_gradient(Learner& learner) {
  double most = 0;
  for (const Parameter* p : learner.parameters().parameters())
    if (p->trained)
      for (const double g : learner.parameters().read_gradient(*p)) most = std::max(most, std::abs(g));
  return most;
}

std::vector<double> trained_values(Learner& learner) {
  std::vector<double> all;
  for (const Parameter* p : learner.parameters().parameters())
    if (p->trained) {
      const auto values = learner.parameters().read(*p);
      all.insert(all.end(), values.begin(), values.end());
    }
  return all;
}

}  // namespace

TEST_CASE("Learner: equal views encoded once give the loss, gradients and statistics of two encoded views") {
  HostBackend backend;
  Learner once(backend, small(1, DType::f64), loss("dynlocrep")),
      twice(backend, small(2, DType::f64), loss("dynlocrep"));
  const LossResult a = once.step(volumes(once, 1), ages, second_epoch, learning_rate),
                   b = twice.step(volumes(twice, 2), ages, second_epoch, learning_rate);
  CHECK(a.value == doctest::Approx(b.value).epsilon(1e-12));  // sums of the same terms in another order
  CHECK(a.rows.size() == 2 * subjects);
  const double scale = largest_gradient(twice);
  CHECK(scale > 1e-6);
  for (const Parameter* p : once.parameters().parameters()) {
    CAPTURE(p->name);
    const Parameter& q = twice.parameters().find(p->name);
    if (p->trained)  // of a parameter whose gradients all but cancel, only noise is left
      CHECK(difference(once.parameters().read_gradient(*p), twice.parameters().read_gradient(q), 1e-3 * scale) < 1e-12);
    else
      CHECK(difference(once.parameters().read(*p), twice.parameters().read(q), 1e-3) < 1e-12);
  }
}

TEST_CASE("Learner: a step lowers the loss, moves every parameter, and counts") {
  omp_set_num_threads(1);  // the volumes are tiny
  const auto backend = make_cpu_backend();
  Learner learner(*backend, small(1, DType::f32), loss("dynlocrep"));
  const auto before = trained_values(learner);
  const Tensor batch = volumes(learner, 1);
  constexpr double small = 1e-5;  // short: Adam's first goes downhill
  const double first = learner.step(batch, ages, second_epoch, small).value;
  CHECK(learner.step(batch, ages, second_epoch, small).value < first);
  CHECK(learner.batches_seen() == 2);
  const auto after = trained_values(learner);
  std::size_t still = 0;
  for (std::size_t k = 0; k < before.size(); ++k) still += before[k] == after[k];
  CHECK(static_cast<double>(still) < 0.5 * static_cast<double>(before.size()));
}

TEST_CASE("Learner: an evaluation depends on no other sample of its batch, and changes nothing") {
  HostBackend backend;
  Learner learner(backend, small(1, DType::f64), loss("dynlocrep"));
  const Tensor batch = volumes(learner, 1);
  const Encoded all = learner.encode(batch);
  const Spec one = learner.options().batch_spec(1, 1);
  for (Index i = 0; i < subjects; ++i) {
    const Encoded alone = learner.encode(batch.part(one, i * one.size_bytes()));
    const auto at = static_cast<std::size_t>(i);
    const std::vector<double> expected(all.features.begin() + static_cast<std::ptrdiff_t>(at * 32),
                                       all.features.begin() + static_cast<std::ptrdiff_t>(at * 32 + 32));
    CHECK(difference(alone.features, expected, 1e-6) < 1e-13);
  }
  CHECK(learner.encode(batch).embeddings == all.embeddings);
  for (std::size_t i = 0; i < subjects; ++i) {
    double length = 0;
    for (std::size_t k = 0; k < 8; ++k) length += all.embeddings[i * 8 + k] * all.embeddings[i * 8 + k];
    CHECK(length == doctest::Approx(1));
  }
}

TEST_CASE("Learner: NaN or infinity in one voxel reaches the features of that subject, and of no other") {
  omp_set_num_threads(1);  // the volumes are tiny
  const auto backend = make_cpu_backend();
  for (const DType dtype : {DType::f32, DType::bf16})
    for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
      CAPTURE(name_of(dtype));
      CAPTURE(bad);
      LearnerOptions options = small(1, DType::f32);
      options.activations = dtype;
      Learner learner(*backend, options, loss("dynlocrep"));
      const Tensor batch = volumes(learner, 1);
      const Encoded before = learner.encode(batch);
      const auto values = batch.data<float>();
      const std::size_t one = values.size() / subjects;
      values[3 * one + one / 2] = bad;  // of subject 3
      const Encoded after = learner.encode(batch);
      const auto compare = [&](const std::vector<double>& now, const std::vector<double>& then) {
        const std::size_t width = now.size() / subjects;
        for (std::size_t k = 0; k < now.size(); ++k)
          if (k / width == 3)
            CHECK_FALSE(std::isfinite(now[k]));
          else
            CHECK(now[k] == then[k]);
      };
      compare(after.features, before.features);
      compare(after.embeddings, before.embeddings);
    }
}

TEST_CASE(
    "Learner: another learner that resumes its state continues to the same bits, and every tensor of the state is "
    "needed") {
  HostBackend backend;
  std::string loss_name = "dynlocrep";
  SUBCASE("dynlocrep") {}
  SUBCASE("nnclr, which has a queue and a predictor") { loss_name = "nnclr"; }
  Learner first(backend, small(1, DType::f32), loss(loss_name));
  const Tensor batch = volumes(first, 1);
  for (int k = 0; k < 3; ++k) first.step(batch, ages, second_epoch, learning_rate);
  std::vector<NamedTensor> saved;
  for (const auto& [name, tensor] : first.state()) {
    saved.push_back({name, backend.tensor(tensor.spec())});
    backend.to_host(tensor, saved.back().tensor);
  }
  first.step(batch, ages, second_epoch, learning_rate);
  const auto expected = trained_values(first);

  LearnerOptions other_start = small(1, DType::f32);
  other_start.seed = 12;
  const auto go_on = [&](const std::vector<NamedTensor>& state, Index steps) {
    Learner second(backend, other_start, loss(loss_name));
    second.resume(state, steps);
    second.step(batch, ages, second_epoch, learning_rate);
    auto values = trained_values(second);
    for (const double feature : second.encode(batch).features) values.push_back(feature);  // the statistics show here
    return values;
  };
  const auto with_features = go_on(saved, 3);
  CHECK(std::equal(expected.begin(), expected.end(), with_features.begin()));
  const std::vector<double> features = first.encode(batch).features;
  CHECK(std::equal(features.rbegin(), features.rend(), with_features.rbegin()));
  CHECK(go_on(saved, 2) != with_features);
  for (std::size_t k = 0; k < saved.size(); ++k) {
    CAPTURE(saved[k].name);
    std::vector<NamedTensor> one_changed = saved, one_missing = saved, one_short = saved;
    one_changed[k].tensor = backend.tensor(saved[k].tensor.spec());
    std::ranges::transform(saved[k].tensor.data<float>(), one_changed[k].tensor.data<float>().begin(),
                           [](float value) { return value * 1.01f; });
    CHECK(go_on(one_changed, 3) != with_features);
    one_missing.erase(one_missing.begin() + static_cast<std::ptrdiff_t>(k));
    check_fails([&] { go_on(one_missing, 3); }, ErrorKind::corrupt, {saved[k].name, "missing"});
    one_short[k].tensor = backend.tensor({{3}, DType::f32});
    check_fails([&] { go_on(one_short, 3); }, ErrorKind::corrupt, {saved[k].name, "[3]"});
  }
}

TEST_CASE("Learner: a step with a number that is not finite names the first layer and changes no parameter") {
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    HostBackend backend;
    Learner learner(backend, small(1, DType::f32), loss("dynlocrep"));
    const auto before = trained_values(learner);
    const Tensor batch = volumes(learner, 1);
    batch.data<float>()[1000] = bad;
    check_fails([&] { learner.step(batch, ages, second_epoch, learning_rate); }, ErrorKind::numbers,
                {"encoder.conv1", "NaN or infinity"});
    CHECK(trained_values(learner) == before);
    CHECK(learner.batches_seen() == 0);
  }
}

TEST_CASE("Learner: a gradient that overflows float32 is an error of kind numbers, not an update") {
  HostBackend backend;
  // The published formulation divides by it: finite in double.
  Learner learner(backend, small(1, DType::f32), make_loss<DynLocRep>({.base_temperature = 1e-44}));
  const auto before = trained_values(learner);
  const Tensor batch = volumes(learner, 1);
  check_fails([&] { learner.step(batch, ages, second_epoch, learning_rate); }, ErrorKind::numbers, {"gradient"});
  CHECK(trained_values(learner) == before);
}

TEST_CASE("Learner: without a projection head the loss gets the encoder's features, normalised to unit length") {
  HostBackend backend;
  LearnerOptions options = small(1, DType::f64);
  options.model.projection = false;
  CHECK(options.model.embedding_width() == 32);
  Learner learner(backend, options, loss("dynlocrep"));
  for (const Parameter* p : learner.parameters().parameters()) CHECK(p->name.starts_with("encoder."));
  const auto layers = learner.summary(subjects);
  REQUIRE_FALSE(layers.empty());
  CHECK(layers.back().scope == "normalise");
  CHECK(layers.back().output == Shape{subjects, 32});
  const Tensor batch = volumes(learner, 1);
  const Encoded encoded = learner.encode(batch);
  for (std::size_t i = 0; i < subjects; ++i) {
    double squares = 0;
    for (std::size_t k = 0; k < 32; ++k) squares += encoded.features[i * 32 + k] * encoded.features[i * 32 + k];
    for (std::size_t k = 0; k < 32; ++k)
      CHECK(encoded.embeddings[i * 32 + k] == doctest::Approx(encoded.features[i * 32 + k] / std::sqrt(squares)));
  }
  learner.step(batch, ages, second_epoch, learning_rate);
  for (const Parameter* p : learner.parameters().parameters()) {  // the loss reaches every layer
    if (!p->trained) continue;
    CAPTURE(p->name);
    const auto gradient = learner.parameters().read_gradient(*p);
    CHECK(std::any_of(gradient.begin(), gradient.end(), [](double g) { return std::abs(g) > 1e-9; }));
  }
}

TEST_CASE("Learner: without a projection head the gradient is that of the loss, by central differences") {
  HostBackend backend;
  LearnerOptions options = small(1, DType::f64);
  options.model.projection = false;
  // A smooth loss: no neighbours, which change in steps; nothing held constant.
  Learner learner(backend, options, make_loss<YAware>({.formulation = Formulation::printed}));
  Parameter& weight = learner.parameters().find("encoder.layer4.1.bn2.weight");
  const Tensor batch = volumes(learner, 1);
  std::vector<double> values = learner.parameters().read(weight);
  learner.step(batch, ages, second_epoch, 0);
  const std::vector<double> gradient = learner.parameters().read_gradient(weight);
  const double h = 1e-5;
  std::vector<double> differences;
  for (double& value : values) {
    const double before = value;
    double sides[2];
    for (int side = 0; side < 2; ++side) {
      value = before + (side ? -h : h);
      learner.parameters().write(weight, values);
      sides[side] = learner.step(batch, ages, second_epoch, 0).value;
    }
    value = before;
    differences.push_back((sides[0] - sides[1]) / (2 * h));
  }
  CHECK(difference(gradient, differences, 1e-6) < 1e-6);  // of the difference formula's own error, h² and rounding / h
}
