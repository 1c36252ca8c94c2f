// SPDX-License-Identifier: Apache-2.0
// What the two formulations of a loss do differently, on one example: the figures of docs/losses.md. Run the program to
// see them.
#include <doctest/doctest.h>

#include <cstdio>

#include "tests/losses/checks.h"

using namespace cg;
using namespace cg::test;

namespace {

/// Twelve subjects in two clusters of age, with random embeddings.
Batch example() {
  Batch b{
      .z = {}, .ages = {20, 21, 22, 23, 25, 27, 66, 68, 70, 71, 74, 78}, .views = 1, .predictions = {}, .queue = {}};
  Random random({.seed = 1});
  b.z = unit_rows(random, b.rows(), 8);
  b.neighbours = 6;
  return b;
}

LossResult evaluate(const std::string& name, Formulation formulation, const Batch& b, double sigma = 2) {
  return make_loss({.name = name, .shared = {.formulation = formulation, .sigma = sigma}})->evaluate(b.input());
}

double length(const std::vector<double>& x) {
  return std::sqrt(std::inner_product(x.begin(), x.end(), x.begin(), 0.0));
}

double cosine(const std::vector<double>& a, const std::vector<double>& b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0) / length(a) / length(b);
}

/// Checks a figure as docs/losses.md gives it, with two or three digits.
void check_printed(double got, double figure) { CHECK(got == doctest::Approx(figure).epsilon(0.012)); }

/// What an anchor's pull sums to, in shares of all anchors'.
Row share_of_pull(const Array& a) { return a.rowwise().sum() / a.sum(); }

}  // namespace

TEST_CASE("Formulations: value and direction of the gradient, printed and published") {
  const Batch b = example();
  std::printf("twelve ages in two clusters       printed: value, |gradient|  published: value, |gradient|   cosine\n");
  struct Figures {
    const char* name;
    double sigma, printed, printed_gradient, published, published_gradient, cosine;
  };
  const Figures rows[] = {
      {"y_aware", 2, 91.4, 72.7, 10.9, 8.56, 1},       {"exponential", 2, 91.0, 74.0, 13.4, 5.50, 0.908},
      {"dynlocrep", 2, 91.0, 74.3, 12.1, 6.61, 0.809}, {"threshold", 2, 2.5e134, 4.7e134, 11.7, 7.62, 0.317},
      {"threshold", 20, 471, 413, 10.9, 6.45, 0.851},  {"rank_n_contrast", 2, 214, 7.13, 1.63, 0.054, 1},
  };
  for (const Figures& row : rows) {
    const LossResult printed = evaluate(row.name, Formulation::printed, b, row.sigma);
    const LossResult published = evaluate(row.name, Formulation::published, b, row.sigma);
    const double alike = cosine(printed.gradient, published.gradient);
    std::printf("%-28s %18.4g %10.3g %20.4g %10.3g %10.3f\n", fmt::format("{}, sigma {}", row.name, row.sigma).c_str(),
                printed.value, length(printed.gradient), published.value, length(published.gradient), alike);
    CAPTURE(row.name);
    check_printed(printed.value, row.printed);
    check_printed(length(printed.gradient), row.printed_gradient);
    check_printed(published.value, row.published);
    check_printed(length(published.gradient), row.published_gradient);
    CHECK(alike == doctest::Approx(row.cosine).epsilon(1e-3));
  }
}

TEST_CASE("Formulations: one number added to a row of similarities") {
  const Batch b = example();
  std::printf("1 added to every similarity of row 0: its value changes by\n");
  const auto change = [&]<class L>(Formulation f) {
    const L loss{{.formulation = f}};
    const auto pairs = loss.pairs(b.input());
    const Row s = InnerProduct{}.of<double>(embeddings(b.input())).row(0);
    Row g(s.size());
    loss.gradient(pairs, 0, s, g);
    const double scale = pairs.a.row(0).sum();  // in units of the anchor's pull
    const double difference =
        (loss.template value<double>(pairs, 0, s + 1) - loss.template value<double>(pairs, 0, s)) / scale;
    std::printf("  %-12s %-10s %8.4f   the gradient promises %8.4f\n", L::name,
                f == Formulation::printed ? "printed" : "published", difference, g.sum() / scale);
    return std::pair(difference, g.sum() / scale);
  };
  for (const Formulation f : {Formulation::printed, Formulation::published}) {
    const auto [plain, promised] = change.operator()<YAware>(f);
    CHECK(std::abs(plain) < 1e-12);
    CHECK(std::abs(promised) < 1e-12);
  }
  check_printed(change.operator()<Exponential>(Formulation::printed).first, -0.0010);
  const auto [shifted, expected] = change.operator()<Exponential>(Formulation::published);
  CHECK(std::abs(shifted) < 1e-12);
  check_printed(expected, -0.82);
}

TEST_CASE("Formulations: one normaliser for all gives the crowded ages more of the pull") {
  Batch b = random_batch(1, 10, 1, 8);
  b.ages = {40, 40, 41, 41, 41, 42, 42, 43, 70, 73};
  b.neighbours = 6;
  const auto shares = [&](Formulation f) { return share_of_pull(DynLocRep{{.formulation = f}}.pairs(b.input()).a); };
  const Row printed = shares(Formulation::printed), published = shares(Formulation::published);
  std::printf("dynlocrep, eight subjects of about 41 years, one of 70, one of 73: share of the pull of the last\n");
  std::printf("  printed %.3f, published %.4f\n", printed[9], published[9]);
  CHECK(printed[9] == doctest::Approx(0.1));
  check_printed(published[9], 0.0072);
}

TEST_CASE("Formulations: Threshold as printed divides by what is far, and its weights have no measure") {
  const Batch b = example();
  std::printf("threshold, printed: largest weight a_ik on the twelve ages by sigma\n ");
  for (const auto& [sigma, figure] : {std::pair{2.0, 2.4e133}, {8.0, 1.7e8}, {16.0, 41.0}, {32.0, 1.2}}) {
    const double largest =
        Threshold{{.formulation = Formulation::printed, .sigma = sigma}}.pairs(b.input()).a.maxCoeff();
    std::printf(" %g: %.2g ", sigma, largest);
    CHECK(largest == doctest::Approx(figure).epsilon(0.05));  // two digits
  }
  std::printf("\n");
}

TEST_CASE("Formulations: the published Threshold pushes the nearest ages most, where printed it is the farthest") {
  const Batch b = example();
  const Array log_c = Threshold{}.pairs(b.input()).log_c;
  const Ranking ranking = Threshold{{.formulation = Formulation::printed}}.pairs(b.input()).ranking;
  std::printf("threshold, anchor of 20 years: age t: published count c_it, printed sums that t is in\n ");
  for (Index t = 1; t < b.rows(); ++t) {
    const double c = std::exp(log_c(0, t));
    Index place = 0, sums = 0;
    while (ranking.order(0, place) != t) ++place;
    for (Index k = 0; k < ranking.reach.cols(); ++k) sums += ranking.reach(0, k) > place;
    const double age = b.ages[static_cast<std::size_t>(t)];
    std::printf(" %g: %.0f, %td;", age, c, sums);
    if (age == 21) CHECK(c == doctest::Approx(9));
    if (age == 27) CHECK(c == doctest::Approx(6));
    if (age >= 66) CHECK(c == 0);
    CHECK(sums == t - 1);
  }
  std::printf("\n");
}

TEST_CASE("Formulations: DynLocRep with step_size 0 repels all rows in every epoch, as with far_decay 0") {
  Batch b = example();
  b.neighbours = 0;
  b.epoch = 50;
  for (const Formulation formulation : {Formulation::printed, Formulation::published}) {
    const auto result = [&](const DynLocRep::Options& own) {
      LossOptions options{.name = DynLocRep::name, .shared = {.formulation = formulation}};
      options.own.of<DynLocRep>() = own;
      return make_loss(options)->evaluate(b.input());
    };
    const LossResult none = result({.final_neighbours = 4, .step_size = 0}), all = result({.far_decay = 0}),
                     four = result({.final_neighbours = 4});
    CHECK(none.value == all.value);
    CHECK(none.gradient == all.gradient);
    CHECK(none.metrics.neighbours == b.rows());
    CHECK(four.metrics.neighbours == 4);
    CHECK(four.gradient != none.gradient);
  }
  const std::vector<std::string> warnings = loss_warnings({.name = DynLocRep::name,
                                                           .shared = {},
                                                           .own =
                                                               [] {
                                                                 OwnOptions own;
                                                                 own.of<DynLocRep>().step_size = 0;
                                                                 return own;
                                                               }()},
                                                          {.batch_size = 12, .epochs = 1});
  REQUIRE(warnings.size() == 1);
  CHECK(warnings[0].find("no neighbourhood") != std::string::npos);
}

TEST_CASE("Formulations: SupCon cuts at the edges of its bins") {
  Batch b = random_batch(1, 4, 1, 8);
  b.ages = {39.9, 40.1, 30.1, 49.9};
  const auto shares = [](const Array& a) { return Row(a.row(0) / a.row(0).sum()); };  // of the first one's pull
  const Row bins = shares(SupCon{{}, {.bin_width = 10}}.pairs(b.input()).a),
            weights = shares(YAware{}.pairs(b.input()).a);
  std::printf("share of 39.9 years' pull to 40.1 and to 30.1 years: sup_con %.3g, %.3g; y_aware %.3g, %.3g\n", bins[1],
              bins[2], weights[1], weights[2]);
  CHECK(bins[1] == 0);
  CHECK(bins[2] == 1);
  check_printed(weights[1], 1);
  CHECK(weights[2] == doctest::Approx(6e-6).epsilon(0.05));  // one digit
}

TEST_CASE("Formulations: with equal views SimCLR's pull is spent, and only the push is left") {
  Batch b = example();
  b.z.insert(b.z.end(), b.z.begin(), b.z.end());
  b.ages.insert(b.ages.end(), b.ages.begin(), b.ages.end());
  b.views = 2;
  const LossResult r = evaluate("simclr", Formulation::published, b);
  std::printf("simclr with equal views: value %.4f\n", r.value);
  // The pull's share of the gradient is along the row itself, and the normalisation takes it away.
  const auto z = embeddings(b.input());
  const Attraction pairs = SimClr{}.pairs(b.input());
  for (Index i = 0; i < b.rows(); ++i) {
    const Index k = b.input().pair(i);
    const Row pull = pairs.a(i, k) * (z.row(k) + z.row(k));
    const Row across = pull - z.row(i) * (pull * z.row(i)).sum();
    CHECK(across.abs().maxCoeff() < 1e-15);
  }
}
