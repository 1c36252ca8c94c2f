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

/// A loss told to take one neighbour more.
template <RowLoss L>
struct OneMoreNeighbour : L {
  auto pairs(LossInput in) const {
    ++in.neighbours;
    return L::pairs(in);
  }
};

/// dL/dz without the column of S in which z_i is everybody's other.
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

/// The bounds of gradient_test.cpp and golden_test.cpp.
constexpr double dual_bound = 1e-12, golden_bound = 1e-10;

/// Whether the dual numbers notice a fault of loss or similarity.
template <RowLoss L, Similarity M>
bool dual_notices(const L& loss, const M& similarity, const Batch& b) {
  const auto got = SimilarityLoss<L, M>(loss, similarity).evaluate(b.input()).gradient;
  return relative_difference(got, dual_gradient(loss, similarity, b.input())) > dual_bound;
}

/// The golden cases of loss L, each with the loss that `plant` makes of its options; whether one of them is noticed.
template <class L, class Plant>
bool golden_notices(Plant plant) {
  const GoldenFile file("losses.h5");
  for (const std::string& group : file.groups()) {
    if (file.text(group, "loss") != L::name) continue;
    const GoldenCase c = read_case(file, group);
    if (c.neighbours == static_cast<Index>(c.ages.size())) continue;
    if (distance_from(c, *plant(c.options)) > golden_bound) return true;
  }
  return false;
}

/// Checks that both checks notice a gradient fault in both formulations of a loss, and that without it they do not.
template <RowLoss L, class Fault>
void check_noticed(const std::string& what, Fault fault) {
  CAPTURE(what);
  for (const Formulation f : {Formulation::paper, Formulation::reference}) {
    Batch b = random_batch(1, 6, 2, 5);
    b.neighbours = 5;
    const LossOptions options{.name = L::name, .formulation = f};
    CHECK(!dual_notices(L{options}, InnerProduct{}, b));
    CHECK(dual_notices(Faulty<L, Fault>{L{options}, fault}, InnerProduct{}, b));
  }
  CHECK(golden_notices<L>([&](const LossOptions& o) {
    return std::make_unique<SimilarityLoss<Faulty<L, Fault>>>(Faulty<L, Fault>{L{o}, fault},
                                                              InnerProduct{o.temperature});
  }));
}

}  // namespace

TEST_CASE_TEMPLATE("Planted faults: a wrong gradient of a row is noticed", L, DynLocRep, Exponential, YAware) {
  const auto none = [](const L& loss, const auto& p, Index i, const RowView<double>& s, RowOut g) {
    loss.gradient(p, i, s, g);
  };
  Batch b = random_batch(1, 6, 2, 5);
  b.neighbours = 5;
  CHECK(!dual_notices(Faulty<L, decltype(none)>{L{{.name = L::name}}, none}, InnerProduct{}, b));

  check_noticed<L>("sign", [](const L& loss, const auto& p, Index i, const RowView<double>& s, RowOut g) {
    loss.gradient(p, i, s, g);
    g = -g;
  });
  check_noticed<L>("a factor 1 + 1e-3", [](const L& loss, const auto& p, Index i, const RowView<double>& s, RowOut g) {
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
  check_noticed<L>("similarities of the row before",
                   [](const L& loss, const auto& p, Index i, const RowView<double>& s, RowOut g) {
                     thread_local Row before;
                     const Row stale = i == 0 || before.size() != s.size() ? Row(s) : before;
                     loss.gradient(p, i, stale, g);
                     before = s;
                   });
  check_noticed<L>("one entry left at 0",
                   [](const L& loss, const auto& p, Index i, const RowView<double>& s, RowOut g) {
                     loss.gradient(p, i, s, g);
                     g[(i + 1) % g.size()] = 0;
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
  Batch b = random_batch(1, 6, 2, 5);
  b.neighbours = 5;
  CHECK(dual_notices(Faulty<L, decltype(fault)>{L{{.name = L::name}}, fault}, InnerProduct{}, b));
}

TEST_CASE_TEMPLATE("Planted faults: a wrong way back from S to z is noticed", L, DynLocRep, Exponential, YAware) {
  Batch b = random_batch(1, 6, 2, 5);
  b.neighbours = 5;
  for (const Formulation f : {Formulation::paper, Formulation::reference}) {
    const LossOptions options{.name = L::name, .formulation = f};
    CHECK(dual_notices(L{options}, NoTransposition{}, b));
    CHECK(dual_notices(L{options}, NoTemperature{}, b));
  }
  CHECK(golden_notices<L>([](const LossOptions& o) {
    return std::make_unique<SimilarityLoss<L, NoTransposition>>(L{o}, NoTransposition{{o.temperature}});
  }));
  CHECK(golden_notices<L>([](const LossOptions& o) {
    return std::make_unique<SimilarityLoss<L, NoTemperature>>(L{o}, NoTemperature{{o.temperature}});
  }));
}

TEST_CASE("Planted faults: one neighbour too many is noticed by the golden file, and cannot be by dual numbers") {
  using Fault = OneMoreNeighbour<DynLocRep>;
  Batch b = random_batch(1, 6, 2, 5);
  b.neighbours = 5;
  CHECK(!dual_notices(Fault{}, InnerProduct{}, b));  // value and gradient are wrong together
  CHECK(golden_notices<DynLocRep>([](const LossOptions& o) {
    return std::make_unique<SimilarityLoss<Fault>>(Fault{{o}}, InnerProduct{o.temperature});
  }));
}

TEST_CASE_TEMPLATE("Planted faults: the other formulation is noticed by the golden file", L, DynLocRep, Exponential,
                   YAware) {
  CHECK(golden_notices<L>([](LossOptions o) {
    o.formulation = o.formulation == Formulation::paper ? Formulation::reference : Formulation::paper;
    return std::make_unique<SimilarityLoss<L>>(L{o}, InnerProduct{o.temperature});
  }));
}
