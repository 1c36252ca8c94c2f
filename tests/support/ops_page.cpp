// SPDX-License-Identifier: Apache-2.0
#include "tests/support/ops_page.h"

#include <fmt/format.h>

#include <fstream>
#include <iterator>
#include <stdexcept>
#include <vector>

#include "tensor/backend/cpu/kernels.h"
#include "tensor/backend/cuda/kernels.h"
#include "tensor/ops/all.h"
#include "tests/support/op_tests.h"

namespace cg::test {
namespace {

using Lines = std::vector<std::string>;

constexpr const char* head = R"(# Ops

Every op of the engine. This page is generated from the code; a test compares them. To write it again:

    build/release/bin/describe_ops > docs/ops.md

- **Forward**, **backward**: the formulas at the top of the op's header, where forward and backward follow as plain
  loops. dx is the gradient of the loss with respect to x.
- **Kept for backward**: what stays in memory between forward and backward. A tensor that is *recomputed* does not: the
  backward makes it again.
- **CPU**, **GPU**: the types of activations with a fast kernel; parameters and statistics are float32.
  An op without a kernel for the CPU runs its reference there, which computes in float32, float64 and bfloat16. A model
  that needs an op without a kernel for the GPU is refused before its first step, when its memory is planned.

To add an op, see the list of files in [`all.h`](../tensor/ops/all.h).

| op | forward | backward | kept for backward | CPU | GPU |
| --- | --- | --- | --- | --- | --- |
)";

std::string joined(const Lines& parts, const std::string& between) {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : between) + part;
  return text;
}

/// The formulas below "// Forward:" or "// Backward:" in the comment that opens a header: the rest of that line, or the
/// lines after it that are indented.
Lines formulas(const std::string& op, const std::string& heading) {
  std::ifstream header(fmt::format("{}/tensor/ops/{}.h", CG_TEST_SOURCE, op));
  const std::string start = "// " + heading + ":", indent = "//   ";
  Lines lines;
  bool found = false;
  for (std::string line; std::getline(header, line) && line.starts_with("//");) {
    if (found && !line.starts_with(indent)) break;
    if (found) lines.push_back(line.substr(indent.size()));
    if (!line.starts_with(start)) continue;
    found = true;
    if (line.size() > start.size() + 1) lines.push_back(line.substr(start.size() + 1));
  }
  if (lines.empty())
    throw std::runtime_error(fmt::format("tensor/ops/{}.h: no formula after \"{}\". Write one.", op, start));
  return lines;
}

/// As code, one below the other. Formulas on a line are three spaces apart.
std::string cell(const std::string& op, const std::string& heading) {
  Lines cells;
  for (std::string line : formulas(op, heading)) {
    for (std::size_t at; (at = line.find(";   ")) != std::string::npos; line = line.substr(at + 4))
      cells.push_back("`" + line.substr(0, at) + "`");
    cells.push_back(line == "none" ? line : "`" + line + "`");
  }
  return joined(cells, "<br>");
}

template <Op O>
Lines saved_names() {
  if constexpr (requires { O::saved_names; }) return {std::begin(O::saved_names), std::end(O::saved_names)};
  return {};
}

/// What the plan of an example keeps, by the op's own names.
template <Op O>
std::string kept() {
  const std::string name(O::name);
  Draw draw = Draw::seeded(1, DType::f32);
  const Example example = op_tests().at(name).draw(draw);
  const Plan plan = example.op.plan(example.specs(DType::f32));
  const Lines inputs(std::begin(O::input_names), std::end(O::input_names)), saved = saved_names<O>();
  if (inputs.size() < example.inputs.size() || saved.size() != plan.saved.size())
    throw std::runtime_error(fmt::format("tensor/ops/{}.h: input_names and saved_names do not fit the plan", name));
  Lines all;
  for (std::size_t j = 0; j < inputs.size(); ++j)
    if ((plan.saved_inputs >> j) & 1u) all.push_back(inputs[j]);
  if (plan.saved_outputs) all.push_back("y");
  all.insert(all.end(), saved.begin(), saved.end());
  std::string text = all.empty() ? "nothing" : joined(all, ", ");
  if (requires(O op) { op.recomputed; })
    text += "; y is recomputed if `recomputed` is set";
  else if (plan.recomputable)
    text += "; y is recomputed";
  return text + (plan.in_place ? "; dx may overwrite x" : "");
}

/// The types in which op O is declared by a backend.
template <Op O, class Declared>
std::string types(const Declared& declared, const char* none) {
  Lines all;
  const auto add = [&]<class T>(OpIn<O, T> op) {
    if (declared(op)) all.push_back(name_of(dtype_of<T>()));
  };
  add(OpIn<O, float>{});
  add(OpIn<O, bfloat16>{});
  return all.empty() ? none : joined(all, ", ");
}

}  // namespace

std::string ops_page() {
  std::string page = head;
  const auto on_cpu = [](auto op) {
    return requires { cpu::kernel(op); };
  };
  const auto on_gpu = [](auto op) {
    return requires { cuda::kernel(op); };
  };
  for_each_op([&]<Op O>() {
    const std::string name(O::name);
    page += fmt::format("| [`{0}`](../tensor/ops/{0}.h) | {1} | {2} | {3} | {4} | {5} |\n", name, cell(name, "Forward"),
                        cell(name, "Backward"), kept<O>(), types<O>(on_cpu, "the reference"), types<O>(on_gpu, "none"));
  });
  return page;
}

}  // namespace cg::test
