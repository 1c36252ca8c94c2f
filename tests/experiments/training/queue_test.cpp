// SPDX-License-Identifier: Apache-2.0
// The queue by itself, and the training steps of the loss that has one.
#include "experiments/training/queue.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "experiments/training/learner.h"
#include "losses/nnclr.h"
#include "losses/simclr.h"
#include "tensor/random.h"
#include "tests/support/tensors.h"

using namespace cg;
using namespace cg::test;

namespace {

constexpr Index subjects = 5;
const std::vector<double> ages = {21.5, 64.25, 33, 71, 35.5};
const StepSchedule second_epoch = {.epoch = 2, .max_epochs = 4};
constexpr double learning_rate = 1e-3;

LearnerOptions small(Index encoded_views) {
  LearnerOptions o;
  o.model = {.channels = 1, .width = 4, .embedding = 8};
  o.volume = {12, 14, 10};
  o.activations = o.parameters = DType::f64;
  o.encoded_views = encoded_views;
  o.seed = 11;
  return o;
}

std::unique_ptr<Loss> nnclr(Index queue_size = 12) { return make_loss<Nnclr>({}, {.queue_size = queue_size}); }

/// Random volumes of every view; equal ones when `encoded_views` is 1 or `equal` says so.
Tensor volumes(Backend& backend, const Learner& learner, Index views, bool equal = true) {
  const Spec spec = learner.options().batch_spec(subjects, views);
  Random random({.seed = 5});
  std::vector<double> values = normals(random, spec.count());
  const std::size_t one = values.size() / static_cast<std::size_t>(views);
  for (std::size_t k = one; equal && k < values.size(); ++k) values[k] = values[k - one];
  return tensor_of(backend, spec, values);
}

std::vector<double> part(const std::vector<double>& all, std::size_t begin, std::size_t size) {
  return {all.begin() + static_cast<std::ptrdiff_t>(begin), all.begin() + static_cast<std::ptrdiff_t>(begin + size)};
}

}  // namespace

TEST_CASE("Queue: it starts with rows of length 1 from the seed") {
  HostBackend backend;
  const EmbeddingQueue queue(backend, {{200, 16}, DType::f64}, 3);
  const auto rows = queue.rows();
  double mean = 0;
  for (std::size_t r = 0; r < 200; ++r) {
    CHECK(norm(part(rows, 16 * r, 16)) == doctest::Approx(1).epsilon(1e-14));
    mean += rows[16 * r] / 200;
  }
  CHECK(std::abs(mean) < 4 * 0.25 / std::sqrt(200));  // a coordinate has a standard deviation of 1/4
  CHECK(EmbeddingQueue(backend, {{200, 16}, DType::f64}, 3).rows() == rows);
  CHECK(EmbeddingQueue(backend, {{200, 16}, DType::f64}, 4).rows() != rows);
}

TEST_CASE("Queue: first in, first out, also when more comes in than it holds") {
  HostBackend backend;
  EmbeddingQueue queue(backend, {{3, 2}, DType::f64}, 1);
  const auto first = queue.rows();
  queue.push(std::vector<double>{1, 2, 3, 4});
  CHECK(queue.rows() == std::vector<double>{first[4], first[5], 1, 2, 3, 4});
  queue.push(std::vector<double>{5, 6});
  CHECK(queue.rows() == std::vector<double>{1, 2, 3, 4, 5, 6});
  queue.push(std::vector<double>{1, 1, 2, 2, 3, 3, 4, 4});
  CHECK(queue.rows() == std::vector<double>{2, 2, 3, 3, 4, 4});
}

TEST_CASE("Learner with NNCLR: the first view's embeddings are appended to the queue after the loss") {
  HostBackend backend;
  Learner learner(backend, small(2), nnclr());
  const Tensor x = volumes(backend, learner, 2, false);
  const auto before = learner.queue()->rows();
  learner.step(x, ages, second_epoch, learning_rate);
  const auto after = learner.queue()->rows();
  CHECK(part(after, 0, 7 * 8) == part(before, 5 * 8, 7 * 8));
  const auto pushed = part(after, 7 * 8, 5 * 8);
  for (std::size_t i = 0; i < 5; ++i) CHECK(norm(part(pushed, 8 * i, 8)) == doctest::Approx(1).epsilon(1e-14));

  // The rows are of the first view and of the weights before the step: a learner that sees the views the other way
  // round pushes others, and one that has not moved pushes the same.
  Learner still(backend, small(2), nnclr());
  still.step(x, ages, {.epoch = 2, .max_epochs = 4}, 0);
  CHECK(part(still.queue()->rows(), 7 * 8, 5 * 8) == pushed);
  still.step(x, ages, second_epoch, learning_rate);
  CHECK(part(still.queue()->rows(), 7 * 8, 5 * 8) == pushed);
  CHECK(part(still.queue()->rows(), 2 * 8, 5 * 8) == pushed);
}

TEST_CASE("Learner with NNCLR: prediction head and encoder are trained, and the head is not part of the model") {
  HostBackend backend;
  Learner learner(backend, small(1), nnclr());
  learner.step(volumes(backend, learner, 1), ages, second_epoch, learning_rate);
  std::size_t with_gradient = 0, of_predictor = 0;
  for (const Parameter* p : learner.parameters().parameters()) {
    if (!p->trained) continue;
    const auto gradient = learner.parameters().read_gradient(*p);
    with_gradient += std::any_of(gradient.begin(), gradient.end(), [](double g) { return g != 0; });
    of_predictor += p->name.starts_with("predictor.");
    CAPTURE(p->name);
    if (!p->name.ends_with("bias")) CHECK(norm(gradient) > 0);
  }
  CHECK(of_predictor == 6);
  CHECK(with_gradient > of_predictor);
  for (const Parameter* p : learner.model().parameters()) CHECK(!p->name.starts_with("predictor."));
  CHECK(learner.parameters().find("predictor.0.weight").shape == Shape{512, 8});
  CHECK(learner.parameters().find("predictor.3.weight").shape == Shape{8, 512});
  CHECK(!Learner(backend, small(1), make_loss<SimClr>()).queue());
}

TEST_CASE("Learner with NNCLR: equal views encoded once give the loss, gradients and statistics of two") {
  HostBackend backend;
  Learner once(backend, small(1), nnclr()), twice(backend, small(2), nnclr());
  const LossResult a = once.step(volumes(backend, once, 1), ages, second_epoch, learning_rate),
                   b = twice.step(volumes(backend, twice, 2), ages, second_epoch, learning_rate);
  CHECK(a.value == doctest::Approx(b.value).epsilon(1e-12));  // sums of the same terms in another order
  CHECK(relative_to_largest(once.queue()->rows(), twice.queue()->rows()) < 1e-12);
  for (const char* name : {"predictor.0.weight", "predictor.1.weight", "predictor.3.bias", "head.0.weight"}) {
    const auto gradient = [&](Learner& l) { return l.parameters().read_gradient(l.parameters().find(name)); };
    CHECK(relative_to_largest(gradient(once), gradient(twice)) < 1e-11);
  }
  for (const char* name : {"predictor.1.running_mean", "predictor.1.running_var"}) {
    const auto statistic = [&](Learner& l) { return l.parameters().read(l.parameters().find(name)); };
    CHECK(relative_to_largest(statistic(once), statistic(twice)) < 1e-12);
  }
}

TEST_CASE("Learner with NNCLR: steps lower the loss") {
  const auto backend = make_cpu_backend();
  LearnerOptions options = small(1);
  options.activations = options.parameters = DType::f32;
  Learner learner(*backend, options, nnclr(64));
  const Tensor x = volumes(*backend, learner, 1);
  const StepSchedule first_epoch = {.epoch = 1, .max_epochs = 4};
  const double first = learner.step(x, ages, first_epoch, 1e-4).value;
  double last = first;
  for (int i = 0; i < 30; ++i) last = learner.step(x, ages, first_epoch, 1e-4).value;
  CHECK(last < 0.9 * first);
}
