// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>
#include <rapidcheck.h>

#include "losses/explanation.h"
#include "tensor/ops/l2_normalise.h"
#include "tests/losses/checks.h"
#include "tests/support/tensors.h"

using namespace cg;
using namespace cg::test;

namespace {

const double none = std::numeric_limits<double>::infinity();

/// One of all settings of one of all losses.
LossOptions any_setting() {
  const std::string name = *rc::gen::elementOf(loss_names());
  std::vector<LossOptions> settings = every_setting_of_all();
  std::erase_if(settings, [&](const LossOptions& o) { return o.name != name; });
  return *rc::gen::elementOf(settings);
}

/// A batch of 2 to 9 subjects with two views and any number of neighbours.
Batch any_batch() {
  const auto subjects = *rc::gen::inRange<Index>(2, 10);
  Batch b = random_batch(*rc::gen::arbitrary<std::uint64_t>(), subjects, 2, *rc::gen::inRange<Index>(2, 9));
  b.neighbours = *rc::gen::inRange<Index>(2, 2 * subjects + 1);
  return b;
}

/// The batch with row order[i] in row i.
Batch reordered(const Batch& b, const std::vector<Index>& order) {
  Batch out = b;
  for (Index i = 0; i < b.rows(); ++i) {
    const Index from = order[static_cast<std::size_t>(i)];
    out.ages[static_cast<std::size_t>(i)] = b.ages[static_cast<std::size_t>(from)];
    std::copy_n(b.z.begin() + from * b.dims(), b.dims(), out.row(i));
    std::copy_n(b.predictions.begin() + from * b.dims(), b.dims(), out.predictions.begin() + i * b.dims());
  }
  return out;
}

/// Reordering the rows must reorder parts and gradient alike, and leave the value.
void check_reordering(const LossOptions& options, const Batch& b, const std::vector<Index>& order) {
  const auto loss = make_loss(options);
  const LossResult before = loss->evaluate(b.input());
  const LossResult after = loss->evaluate(reordered(b, order).input());
  Batch gradient = b;
  gradient.z = before.gradient;
  // Rounding is that of the terms: where a pair has won already, pull and push cancel to next to nothing. Rows of
  // length 1 have similarities of up to 1/τ.
  const Explanation terms = loss->explain(b.input());
  RC_ASSERT(std::abs(after.value - before.value) <=
            1e-12 * terms.pull.sum() / *with_published_values(options).shared.temperature);
  // Sums in another order; 1e-11 as the `printed` denominators without k can be small against their largest term.
  const double off = largest_difference(after.gradient, reordered(gradient, order).z);
  RC_ASSERT(off <= 1e-11 * terms.pulled.abs().maxCoeff());
}

}  // namespace

TEST_CASE("Losses: permuting the rows permutes the gradient") {
  CHECK(rc::check("permuted rows", [] {
    const LossOptions options = any_setting();
    const Batch b = any_batch();
    const bool by_subject = loss_info(options.name).least_views > 1;  // it pairs the views of a subject
    auto order =
        Random({.seed = *rc::gen::arbitrary<std::uint64_t>()}).permutation(by_subject ? b.rows() / 2 : b.rows());
    if (by_subject)
      for (Index i = 0; i < b.rows() / 2; ++i) order.push_back(order[static_cast<std::size_t>(i)] + b.rows() / 2);
    check_reordering(options, b, order);
  }));
}

TEST_CASE("Losses: swapping the views changes nothing") {
  CHECK(rc::check("swapped views", [] {
    const LossOptions options = any_setting();
    const Batch b = any_batch();
    std::vector<Index> order(static_cast<std::size_t>(b.rows()));
    std::iota(order.begin(), order.end(), 0);
    std::rotate(order.begin(), order.begin() + b.rows() / 2, order.end());
    check_reordering(options, b, order);
  }));
}

TEST_CASE("Losses: the value is the sum of what the anchors add") {
  CHECK(rc::check("parts", [] {
    const LossOptions options = any_setting();
    const Batch b = any_batch();
    const LossResult r = make_loss(options)->evaluate(b.input());
    RC_ASSERT(r.rows.size() == b.ages.size());
    double size = 0;  // of the parts, which may have both signs
    for (const double part : r.rows) size += std::abs(part);
    RC_ASSERT(std::abs(std::accumulate(r.rows.begin(), r.rows.end(), 0.0) - r.value) <= 1e-12 * size);
  }));
}

TEST_CASE("Losses: behind the normalisation of rows the gradient is orthogonal to them") {
  CHECK(rc::check("dL/dx . x = 0", [] {
    const LossOptions options = any_setting();
    Batch b = any_batch();
    HostBackend backend;
    const Spec spec{{b.rows(), b.dims()}, DType::f64}, row{{b.rows()}, DType::f64};
    Random random({.seed = *rc::gen::arbitrary<std::uint64_t>()});
    const Tensor x = tensor_of(backend, spec, normals(random, b.rows() * b.dims()));
    Call call{.in = {x},
              .out = {backend.tensor(spec)},
              .saved = {backend.tensor(row)},
              .grad_out = {},
              .grad_in = {backend.tensor(spec)},
              .workspace = {}};
    reference::forward<double>(L2Normalise{}, call);
    b.z = b.predictions = numbers_of(call.out[0]);
    const std::vector<double> dz = make_loss(options)->evaluate(b.input()).gradient;
    call.grad_out = {tensor_of(backend, spec, dz)};
    reference::backward<double>(L2Normalise{}, call);
    const std::vector<double> before = numbers_of(x), dx = numbers_of(call.grad_in[0]);
    for (Index i = 0; i < b.rows(); ++i) {
      double along = 0, size = 0;
      for (Index k = i * b.dims(); k < (i + 1) * b.dims(); ++k) {
        along += before[static_cast<std::size_t>(k)] * dx[static_cast<std::size_t>(k)];
        size += std::abs(dz[static_cast<std::size_t>(k)]);
      }
      RC_ASSERT(std::abs(along) <= 1e-13 * size);  // dz is 1/‖x‖ times as large as dx, and x as much larger
    }
  }));
}

TEST_CASE("Losses: evaluating twice gives the same bits") {
  for (const std::string& name : loss_names()) {
    const Batch b = random_batch(1, 13, 2, 7);
    const auto loss = make_loss({.name = name});
    const LossResult first = loss->evaluate(b.input()), second = loss->evaluate(b.input());
    CHECK(first.value == second.value);
    CHECK(first.gradient == second.gradient);
  }
}

TEST_CASE("DynLocRep: a decay of 0 repels all rows as neighbours") {
  CHECK(rc::check("far_decay = 0", [] {
    const auto settings = every_setting<DynLocRep>();
    LossOptions options = *rc::gen::elementOf(settings);
    options.own.of<DynLocRep>().far_decay = 0;
    Batch b = any_batch();
    const LossResult decayed = make_loss(options)->evaluate(b.input());
    options.own.of<DynLocRep>().far_decay = none;
    b.neighbours = b.rows();
    const LossResult whole = make_loss(options)->evaluate(b.input());
    RC_ASSERT(decayed.value == whole.value);
    RC_ASSERT(decayed.gradient == whole.gradient);
  }));
}

TEST_CASE("DynLocRep: with all rows as neighbours its denominator is that of the published exponential") {
  // All at one age: each anchor's weights sum to the same, and then the two normalisers agree as well.
  Batch b = random_batch(2, 6, 2, 5);
  std::fill(b.ages.begin(), b.ages.end(), 40.0);
  b.neighbours = b.rows();
  const LossResult local = make_loss<DynLocRep>({.kernel = AgeKernel::gaussian})->evaluate(b.input());
  const LossResult all = make_loss<Exponential>({.kernel = AgeKernel::gaussian})->evaluate(b.input());
  CHECK(relative_difference({local.value}, {all.value}) < 1e-13);
  CHECK(relative_difference(local.gradient, all.gradient) < 1e-13);
}

TEST_CASE("DynLocRep: the decay's limit is the plain loss") {
  Batch b = random_batch(3, 8, 2, 6);
  b.neighbours = 6;
  const LossResult plain = make_loss<DynLocRep>()->evaluate(b.input());
  const LossResult decayed = make_loss<DynLocRep>({}, {.far_decay = 1e5})->evaluate(b.input());
  CHECK(decayed.value == doctest::Approx(plain.value).epsilon(1e-9));
}

TEST_CASE("DynLocRep: the neighbours follow Algorithm 1, and a short batch its own size or the published rule") {
  const auto used = [](Index batch, Index epoch, ShortBatch rule) {
    Batch b = random_batch(4, batch, 2, 4);
    b.epoch = epoch;
    return make_loss<DynLocRep>({}, {.short_batch = rule})->evaluate(b.input()).metrics.neighbours;
  };
  CHECK(used(32, 1, ShortBatch::localise) == 62);
  CHECK(used(32, 50, ShortBatch::whole) == 28);
  CHECK(used(20, 50, ShortBatch::localise) == 28);
  CHECK(used(20, 50, ShortBatch::whole) == 40);
  CHECK(used(5, 50, ShortBatch::localise) == 10);
}

TEST_CASE("Losses: those that do not select report no neighbours") {
  const Batch b = random_batch(5, 4, 2, 4);
  for (const std::string& name : loss_names())
    CHECK((make_loss({.name = name})->evaluate(b.input()).metrics.neighbours == 0) == !loss_info(name).selects);
}
