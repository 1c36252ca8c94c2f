// SPDX-License-Identifier: Apache-2.0
// The checks of the ops, checked: each fault of tests/support/faults.h and tests/tensor/ops is planted in a copy of the
// registry, and one of the checks that the other tests rest on must notice it. An op without faults of its own fails.
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <omp.h>

#include <algorithm>
#include <set>

#include "tests/support/faults.h"
#include "tests/support/golden_ops.h"
#include "tests/support/kinks.h"
#include "tests/support/not_finite.h"
#include "tests/support/op_checks.h"

using namespace cg;
using namespace cg::test;

namespace {

constexpr std::uint64_t most_examples = 200;  // as many as each property of every_op_test.cpp sees

/// A cell of the standard registry, and what a fault makes of it.
class Bench {
 public:
  Bench(const std::string& op, const Cell& cell) : op_(op), tests_(op_tests().at(op)), cell_(cell), golden_("ops.h5") {
    for (const auto& [type, row] : cell.registry.rows())
      if (row.name == op_) right_ = &row.kernels.at({cell.backend.device(), cell.dtype});
  }

  const AnyKernel& right() const { return *right_; }
  bool exact() const { return cell_.backend.device() == Device::reference && cell_.dtype == DType::f64; }
  Example any() const {
    Draw draw = Draw::seeded(1, cell_.dtype);
    return tests_.draw(draw);
  }

  /// Which check finds the fault on at most so many examples; empty: none does.
  std::string noticed_by(const Fault& fault, std::uint64_t examples) const {
    Registry registry = cell_.registry;
    const Example first = any();
    if (fault.kernel) registry.add(first.op.type, op_, cell_.backend.device(), cell_.dtype, fault.kernel(right()));
    for (std::uint64_t seed = 1; seed <= examples; ++seed) {
      const std::string by = exact() ? by_op_checks(registry, fault, seed) : "";
      if (!by.empty()) return by;
      if (by_parity(registry, fault, seed)) return "parity";
      if (by_not_finite(registry, fault, seed)) return "not finite";
    }
    for (const Kink& kink : tests_.kinks)
      if (!kink_complaint({registry, cell_.backend, cell_.dtype}, kink).empty()) return "kinks";
    if (!exact()) return "";
    for (const std::string& group : golden_.groups())
      if (op_of_group(group) == op_ && !golden_complaint(registry, golden_, group).empty()) return "golden";
    return "";
  }

 private:
  static Example planted(Example example, const Fault& fault) {
    if (fault.plan)
      example.op.plan = [right = example.op.plan, wrong = fault.plan](std::span<const Spec> in) {
        return wrong(right(in));
      };
    return example;
  }

  std::string by_op_checks(const Registry& registry, const Fault& fault, std::uint64_t seed) const {
    for (const OpCheck& check : op_checks()) {
      Draw draw = Draw::seeded(seed);
      const Example example = planted(tests_.draw(draw), fault);
      if (check.concerns(registry, example) && !check.complaint(registry, example, draw).empty()) return check.name;
    }
    return "";
  }

  /// The cell against the reference in double; where that is the broken one, the reference in float32 against it.
  DType compared() const { return exact() ? DType::f32 : cell_.dtype; }

  bool by_parity(const Registry& registry, const Fault& fault, std::uint64_t seed) const {
    const DType dtype = compared();
    Draw draw = Draw::seeded(seed, dtype);
    const Example example = planted(rounded(tests_.draw(draw), dtype), fault);
    Comparison result(dtype);
    compare_with_reference({registry, cell_.backend, dtype}, example, draw, result);
    return !result.complaints().empty();
  }

  bool by_not_finite(const Registry& registry, const Fault& fault, std::uint64_t seed) const {
    Draw draw = Draw::seeded(seed, compared());
    const Example example = planted(rounded(tests_.draw(draw), compared()), fault);
    return !not_finite_complaint({registry, cell_.backend, compared()}, example, draw).empty();
  }

  std::string op_;
  const OpTests& tests_;
  Cell cell_;
  GoldenFile golden_;
  const AnyKernel* right_ = nullptr;
};

bool equivalent(const std::string& op, const Fault& fault) {
  const auto& all = op_tests().at(op).equivalent;
  return std::any_of(all.begin(), all.end(), [&](const Equivalent& e) { return e.fault == fault.name(); });
}

/// Plants every fault in one cell; adds the kinds that were noticed.
void plant_all(const std::string& name, const std::string& op, const Cell& cell, std::set<std::string>& kinds) {
  const Bench bench(op, cell);
  CHECK_MESSAGE(bench.noticed_by({"none", "the kernel is right"}, 10) == "", name);
  std::vector<Fault> faults = generic_faults(bench.any(), bench.right(), cell.dtype);
  const auto add = [&](const std::vector<Fault>& more) { faults.insert(faults.end(), more.begin(), more.end()); };
  if (bench.exact()) {
    add(plan_faults(bench.any()));
    add(op_tests().at(op).faults);
  }
  std::map<std::string, int> by;
  for (const Fault& fault : faults) {
    if (fault.fine && cell.dtype == DType::bf16) continue;
    if (equivalent(op, fault)) {
      CHECK_MESSAGE(bench.noticed_by(fault, 20) == "", name, ": ", fault.name(), " is not equivalent");
      continue;
    }
    const std::string noticed = bench.noticed_by(fault, most_examples);
    CHECK_MESSAGE(noticed != "", name, ": not noticed: ", fault.name());
    ++by[noticed];
    kinds.insert(fault.kind);
  }
  std::string counts;
  for (const auto& [check, number] : by) counts += fmt::format(" {} {},", check, number);
  fmt::print("{}: {} faults; noticed by{}\n", name, faults.size(), counts);
  std::fflush(stdout);
}

}  // namespace

TEST_CASE("planted faults: every op has its own faults") {
  for (const auto& [type, row] : Registry::standard().rows()) {
    CAPTURE(row.name);
    REQUIRE(op_tests().contains(row.name));
    CHECK_MESSAGE(!op_tests().at(row.name).faults.empty(), "write faults in tests/tensor/ops/", row.name, ".cpp");
  }
}

TEST_CASE("planted faults: the tests notice each fault in every kernel of every op") {
  omp_set_num_threads(1);  // the volumes are tiny
  std::map<std::string, std::set<std::string>> kinds;
  for (const auto& [device, backend] : backends_here())
    for_each_cell(*backend, [&](const std::string& name, const std::string& op, const Cell& cell) {
      plant_all(name, op, cell, kinds[op]);
    });
  std::set<std::string> all;
  for (const auto& [op, noticed] : kinds) {
    CHECK_MESSAGE(noticed.size() >= 8, op);
    all.insert(noticed.begin(), noticed.end());
  }
  fmt::print("{} kinds of faults\n", all.size());
}
