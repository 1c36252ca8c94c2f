// SPDX-License-Identifier: Apache-2.0
// The checks of the losses, checked: each fault below is planted in a copy of a loss, and one of the checks that the
// other tests rest on (dual numbers, golden file) must notice it.
#include <doctest/doctest.h>

#include "tests/losses/golden_cases.h"

using namespace cg;
using namespace cg::test;

namespace {

/// A loss whose gradient is another one. Everything else is the loss's own.
template <RowLoss L, class Fault>
struct Faulty : L {
  Fault fault;
  template <class P>
  void gradient(const P& p, Index i, const RowView<double>& s, RowOut g) const {
    fault(static_cast<const L&>(*this), p, i, s, g);
  }
};

/// A loss that takes one neighbour more.
template <RowLoss L>
struct OneMoreNeighbour : L {
  auto pairs(LossInput in) const {
    ++in.neighbours;
    return L::pairs(in);
  }
};

/// dL/dz without the column of S in which z_i is the other row.
struct NoTransposition : InnerProduct {
  Array gradient(const ArrayView& z, const Array& /*s*/, const Array& g) const {
    return ((g.matrix() * z.matrix()).array() / temperature).eval();
  }
};

/// dL/dz without 1/τ.
struct NoTemperature : InnerProduct {
  Array gradient(const ArrayView& z, const Array& s, const Array& g) const {
    return InnerProduct::gradient(z, s, g) * temperature;
  }
};

/// NegativeDistance that forgets the direction's length: dL/dz_i = Σ_t (g_it + g_ti) (z_t − z_i) / τ.
struct NoDirection : NegativeDistance {
  Array gradient(const ArrayView& z, const Array& s, const Array& g) const {
    return NegativeDistance::gradient(z, s, g * s * -temperature);
  }
};

/// NNCLR's gradient for the anchors instead of the predictions, as if z were pulled.
struct NotTransposed : ToConstantRows {
  Array gradient(const ArrayView& /*p*/, const Array& /*s*/, const Array& g) const {
    return (g.matrix() * q.matrix()).array() / temperature;
  }
};

/// A loss that reads other ages than those it was given.
template <RowLoss L>
struct OtherAges : L {
  std::vector<double> (*change)(std::span<const double>);
  auto pairs(LossInput in) const {
    const std::vector<double> ages = change(in.ages);
    in.ages = ages;
    return L::pairs(in);
  }
};

/// The bounds of gradient_test.cpp and golden_test.cpp.
constexpr double dual_bound = 1e-12, golden_bound = 1e-10;

Batch batch_for_faults() {
  Batch b = random_batch(1, 6, 2, 5, /*apart=*/0);  // far ages: a pull of 1 would be lost beside those of 10^20
  b.neighbours = 5;
  return b;
}

/// Whether the dual numbers notice a fault of loss or similarity.
template <RowLoss L, Similarity M>
bool dual_notices(const L& loss, const M& similarity) {
  const Batch b = batch_for_faults();
  const LossInput in = b.input();
  const auto got = evaluate_rows(loss, similarity, variable_of(loss, in), in).gradient;
  return relative_difference(got, dual_gradient(loss, similarity, in)) > dual_bound;
}

template <RowLoss L>
bool dual_notices(const L& loss) {
  const Batch b = batch_for_faults();
  return dual_notices(loss, loss.similarity(b.input()));
}

/// Whether one of loss L's golden cases notices the loss and similarity that `plant` makes of a sound loss and its
/// similarity: a pair of them.
template <RowLoss L, class Plant>
bool golden_notices(Plant plant) {
  const GoldenFile file("losses.h5");
  for (const std::string& group : file.groups()) {
    if (file.text(group, "loss") != L::name) continue;
    const GoldenCase c = read_case(file, group);
    if (c.neighbours > 0 && c.neighbours == static_cast<Index>(c.ages.size())) continue;
    const L sound = loss_of<L>(c.options);
    const auto [loss, similarity] = plant(sound, sound.similarity(c.input()));
    const LossResult got = evaluate_rows(loss, similarity, variable_of(loss, c.input()), c.input());
    if (distance_from(c, got) > golden_bound) return true;
  }
  return false;
}

/// A sound loss; with bins of 2 years some anchors of sup_con have a positive, and some none.
template <LossType L>
L sound_loss(Formulation f) {
  L loss{{.formulation = f}};
  if constexpr (std::same_as<L, SupCon>) loss.own.bin_width = 2;
  return loss;
}

/// Checks that both checks notice a gradient fault in both formulations of a loss; the golden file, if it has the loss.
template <LossType L, class Fault>
void check_noticed(const std::string& what, Fault fault) {
  const std::string name = L::name;
  CAPTURE(name);
  CAPTURE(what);
  for (const Formulation f : {Formulation::printed, Formulation::published})
    CHECK(dual_notices(Faulty<L, Fault>{sound_loss<L>(f), fault}));
  if (!in_golden_file<L>()) return;
  CHECK(golden_notices<L>([&](const L& sound, const auto& similarity) {
    return std::pair(Faulty<L, Fault>{sound, fault}, similarity);
  }));
}

/// Whether the gradient of a row depends on its similarities, as it does unless the loss is linear in them.
template <LossType L>
bool reads_similarities() {
  const Batch b = batch_for_faults();
  const L loss = sound_loss<L>(Formulation::published);
  const auto pairs = loss.pairs(b.input());
  const Array s = loss.similarity(b.input()).template of<double>(variable_of(loss, b.input()));
  Row own(s.cols()), other(s.cols());
  loss.gradient(pairs, 0, s.row(0), own);
  loss.gradient(pairs, 0, s.row(1), other);
  return (own != other).any();
}

}  // namespace

TEST_CASE("Planted faults: without one nothing is noticed") {
  AllLosses::for_each([]<LossType L>() {
    for (const Formulation f : {Formulation::printed, Formulation::published}) CHECK(!dual_notices(sound_loss<L>(f)));
    CHECK(!golden_notices<L>([](const L& sound, const auto& similarity) { return std::pair(sound, similarity); }));
  });
}

TEST_CASE("Planted faults: a wrong gradient of a row is noticed") {
  AllLosses::for_each([]<LossType L>() {
    check_noticed<L>("sign", [](const L& loss, const auto& p, Index i, const RowView<double>& s, RowOut g) {
      loss.gradient(p, i, s, g);
      g = -g;
    });
    check_noticed<L>("a factor 1 + 1e-3",
                     [](const L& loss, const auto& p, Index i, const RowView<double>& s, RowOut g) {
                       loss.gradient(p, i, s, g);
                       g *= 1 + 1e-3;
                     });
    check_noticed<L>("no pull", [](const L& loss, const auto& p, Index i, const RowView<double>& s, RowOut g) {
      loss.gradient(p, i, s, g);
      g += p.a.row(i);
    });
    check_noticed<L>("another anchor's pull",
                     [](const L& loss, const auto& p, Index i, const RowView<double>& s, RowOut g) {
                       loss.gradient(p, i, s, g);
                       g += p.a.row(i) - p.a.row((i + 1) % p.a.rows());
                     });
    check_noticed<L>("entries shifted by one",
                     [](const L& loss, const auto& p, Index i, const RowView<double>& s, RowOut g) {
                       Row right(g.size());
                       loss.gradient(p, i, s, right);
                       for (Index t = 0; t < g.size(); ++t) g[t] = right[(t + 1) % g.size()];
                     });
    check_noticed<L>("the row of another anchor", [](const L& loss, const auto& p, Index i, const RowView<double>& s,
                                                     RowOut g) { loss.gradient(p, (i + 1) % p.a.rows(), s, g); });
    check_noticed<L>("one entry left at 0",
                     [](const L& loss, const auto& p, Index i, const RowView<double>& s, RowOut g) {
                       loss.gradient(p, i, s, g);
                       g[(i + p.a.rows() / 2) % g.size()] = 0;
                     });
    // Of a loss that is linear in S the gradient is the same for all rows: wrong similarities are not a fault there.
    CHECK((reads_similarities<L>() || !in_golden_file<L>()));
    if (!reads_similarities<L>()) return;
    check_noticed<L>("similarities of the row before",
                     [](const L& loss, const auto& p, Index i, const RowView<double>& s, RowOut g) {
                       thread_local Row before;
                       const Row stale = i == 0 || before.size() != s.size() ? Row(s) : before;
                       loss.gradient(p, i, stale, g);
                       before = s;
                     });
  });
}

TEST_CASE_TEMPLATE("Planted faults: a repulsion without its factor 1 - w is noticed", L, DynLocRep, Exponential) {
  check_noticed<L>("no 1 - w", [](const L& loss, const auto& p, Index i, const RowView<double>& s, RowOut g) {
    loss.gradient(p, i, s, g);
    const Row push = g + p.a.row(i);
    g = (p.w.row(i) < 1).select(push / (1 - p.w.row(i)), push) - p.a.row(i);
  });
}

TEST_CASE_TEMPLATE("Planted faults: a gradient that flows through the row maximum is noticed", L, DynLocRep,
                   Exponential) {
  // What finite differences would have us believe: the shift's derivative, −Σ_t g_t, added where the maximum is.
  const auto fault = [](const L& loss, const auto& p, Index i, const RowView<double>& s, RowOut g) {
    loss.gradient(p, i, s, g);
    Index largest = 0;
    s.maxCoeff(&largest);
    g[largest] -= g.sum();
  };
  CHECK(dual_notices(Faulty<L, decltype(fault)>{L{}, fault}));
}

TEST_CASE_TEMPLATE("Planted faults: a wrong way back from S to z is noticed", L, DynLocRep, Exponential, SimClr, SupCon,
                   Threshold, YAware) {
  for (const Formulation f : {Formulation::printed, Formulation::published}) {
    const L loss = sound_loss<L>(f);
    CHECK(dual_notices(loss, NoTransposition{}));
    CHECK(dual_notices(loss, NoTemperature{}));
  }
  CHECK(golden_notices<L>(
      [](const L& loss, const InnerProduct& m) { return std::pair(loss, NoTransposition{{m.temperature}}); }));
  CHECK(golden_notices<L>(
      [](const L& loss, const InnerProduct& m) { return std::pair(loss, NoTemperature{{m.temperature}}); }));
}

TEST_CASE("Planted faults: a wrong way back from distances or to predictions is noticed") {
  CHECK(dual_notices(RankNContrast{}, NoDirection{}));
  CHECK(golden_notices<RankNContrast>([](const RankNContrast& loss, const NegativeDistance& m) {
    return std::pair(loss, NoDirection{{m.temperature}});
  }));
  const Batch b = batch_for_faults();
  CHECK(dual_notices(Nnclr{}, NotTransposed{Nnclr{}.similarity(b.input())}));
  CHECK(golden_notices<Nnclr>(
      [](const Nnclr& loss, const ToConstantRows& m) { return std::pair(loss, NotTransposed{m}); }));
}

TEST_CASE("Planted faults: ties that are taken for farther, or farther ones for ties, are noticed by the golden file") {
  using Ages = std::span<const double>;
  const auto notices = []<class L>(std::vector<double> (*change)(Ages)) {
    return golden_notices<L>([=](const L& sound, const auto& m) { return std::pair(OtherAges<L>{sound, change}, m); });
  };
  const auto apart = [](Ages ages) {  // no two are equally far from a third
    std::vector<double> out(ages.begin(), ages.end());
    for (std::size_t i = 0; i < out.size(); ++i) out[i] += 1e-13 * static_cast<double>(i * i);
    return out;
  };
  const auto together = [](Ages ages) {  // differences of half a year are none
    std::vector<double> out(ages.begin(), ages.end());
    for (double& age : out) age = std::floor(age);
    return out;
  };
  CHECK(notices.operator()<RankNContrast>(apart));
  CHECK(notices.operator()<RankNContrast>(together));
  CHECK(notices.operator()<Threshold>(apart));
  CHECK(notices.operator()<Threshold>(together));
}

TEST_CASE("Planted faults: the own view among the pushed, and another queue row, are noticed by the golden file") {
  CHECK(golden_notices<Nnclr>([](const Nnclr& sound, const ToConstantRows& m) {
    return std::pair(SimClr{sound.shared}, m);  // the same loss but for the own view
  }));
  CHECK(golden_notices<Nnclr>([](const Nnclr& sound, ToConstantRows m) {
    const Row first = m.q.row(0);
    m.q.row(0) = m.q.row(1);
    m.q.row(1) = first;
    return std::pair(sound, m);
  }));
}

TEST_CASE("Planted faults: one neighbour too many is noticed by the golden file, and cannot be by dual numbers") {
  using Fault = OneMoreNeighbour<DynLocRep>;
  CHECK(!dual_notices(Fault{}));  // value and gradient are wrong together
  CHECK(golden_notices<DynLocRep>([](const DynLocRep& sound, const auto& m) { return std::pair(Fault{sound}, m); }));
}

TEST_CASE_TEMPLATE("Planted faults: the other formulation is noticed by the golden file", L, DynLocRep, Exponential,
                   RankNContrast, Threshold, YAware) {
  CHECK(golden_notices<L>([](L loss, const auto& m) {
    const bool printed = loss.shared.formulation == Formulation::printed;
    loss.shared.formulation = printed ? Formulation::published : Formulation::printed;
    return std::pair(loss, m);
  }));
}
