// SPDX-License-Identifier: Apache-2.0
// Explains how a loss works: in numbers on the terminal, on an interactive page, and for cases in a file.
//   explain_loss --loss dynlocrep --ages 20,21,25,70,71 --epoch 12      explain_loss --html page.html
// Read next: losses/explanation.h, experiments/teaching/loss_page.h, docs/losses.md.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <limits>
#include <string>
#include <vector>

#include "data/files/input_file.h"
#include "data/files/storage.h"
#include "data/formats/tsv.h"
#include "experiments/config/fields.h"
#include "experiments/program/command_line.h"
#include "experiments/program/unverified.h"
#include "experiments/teaching/loss_cases.h"
#include "experiments/teaching/loss_example.h"
#include "experiments/teaching/loss_page.h"
#include "experiments/teaching/loss_text.h"
#include "losses/dynlocrep.h"
#include "losses/registry.h"
#include "tensor/error.h"
#include "tools/explain_loss/page_source.h"

namespace {

using namespace cg;

constexpr Index most_rows = 64;  // an explanation has a table of n² lines

constexpr const char* examples = R"(
Examples:
  explain_loss --loss dynlocrep --ages 20,21,25,70,71 --epoch 12 --formulation printed
  explain_loss --loss threshold --ages 20,21,25,70,71 sigma=5 delta_reduction=mean
  explain_loss --loss threshold --ages 20,21,70,71 weight_precision=float32
  explain_loss --loss dynlocrep --embeddings runs/X/embeddings.h5 --dataset seed0/epoch9/projected --rows 16
  explain_loss --html losses.html                                a page with all losses for a browser
  explain_loss --cases tests/golden/losses.h5 --out answers.h5   value, rows and gradient of each case in a file
)";

struct Arguments {
  std::string loss = "dynlocrep", formulation, embeddings, dataset = "embeddings", cases, out, html;
  std::vector<double> ages;
  std::vector<std::string> options;
  Index epoch = 1, max_epochs = 50, views = 0, width = 2, rows = 0;
  double spread = std::numeric_limits<double>::infinity();
  std::uint64_t seed = 0;
  bool overwrite = false;
};

/// `--ages 20 21 25`: the numbers among the options are further ages.
void take_ages(Arguments& arguments) {
  if (arguments.ages.empty()) return;
  std::erase_if(arguments.options, [&](const std::string& word) {
    const std::optional<double> age = decimal(word);
    if (age) arguments.ages.push_back(*age);
    return age.has_value();
  });
}

/// The options of the loss from KEY=VALUE words like those of a configuration. By default the number of neighbours of
/// dynlocrep is the paper's share of a batch: 14 of 32.
LossOptions chosen_options(const Arguments& arguments, Index subjects) {
  Source source{"", "", arguments.options};
  if (!arguments.formulation.empty()) source.overrides.push_back("formulation=" + arguments.formulation);
  source.overrides.push_back("name=" + arguments.loss);
  Checked checked = check(options_of(loss_fields()), source);
  throw_diagnostics(source, checked.diagnostics);
  LossOptions options;
  options.own.of<DynLocRep>().final_neighbours = std::max<Index>(2, (subjects * 14 + 16) / 32);
  for (const auto& f : loss_fields())
    if (const auto given = checked.values.find(f.key); given != checked.values.end()) f.set(options, given->second);
  return options;
}

int explain(const Arguments& arguments) {
  const Index views = arguments.views > 0 ? arguments.views : loss_info(arguments.loss).least_views;
  LossCase example;
  if (arguments.embeddings.empty()) {
    if (arguments.ages.empty())
      fail(ErrorKind::usage, "--ages", "no ages are given, neither here nor in a file (--embeddings)",
           "Try --ages 20,21,25,70,71");
    const Arrangement arrangement{views, arguments.width, arguments.spread, arguments.seed};
    example = make_example({}, arguments.ages, arrangement);
  } else {
    example = read_example({}, arguments.embeddings, arguments.dataset, arguments.ages, views, arguments.rows);
    const H5Reader file(arguments.embeddings);
    report_unverified(arguments.embeddings, file.has_sums());
    if (file.has_attribute("synthetic")) fmt::print("*** These embeddings are of a SYNTHETIC PHANTOM cohort ***\n\n");
  }
  const auto rows = static_cast<Index>(example.ages.size());
  if (rows > most_rows)
    fail(ErrorKind::usage, arguments.embeddings.empty() ? "--ages" : arguments.embeddings,
         fmt::format("{} rows, expected at most {} for a readable table", rows, most_rows),
         "Use the first rows only: --rows 16");
  example.options = chosen_options(arguments, rows / views);
  example.epoch = arguments.epoch;
  example.max_epochs = arguments.max_epochs;
  fmt::print("{}", loss_text(example, make_loss(example.options)->explain(example.input())));
  return 0;
}

int answer(const Arguments& arguments) {
  if (arguments.out.empty())
    fail(ErrorKind::usage, "--cases", "no file for the results is given", "Add --out answers.h5");
  require_not_read(arguments.out, std::array{arguments.cases});
  require_new(arguments.out, arguments.overwrite);
  report_unverified(arguments.cases, H5Reader(arguments.cases).has_sums());
  const CasesSummary summary = evaluate_cases(arguments.cases, arguments.out);
  for (const std::string& failure : summary.failures) fmt::print(stderr, "error: {}\n", printable(failure));
  fmt::print("{} case(s) evaluated", summary.evaluated);
  if (!summary.failures.empty()) fmt::print(", {} not", summary.failures.size());
  if (summary.compared > 0)
    fmt::print("; {} contained value and gradient: the largest difference is {:.1e} of the largest entry",
               summary.compared, summary.largest_difference);
  fmt::print("\n{}\n", arguments.out);
  return summary.failures.empty() ? 0 : static_cast<int>(ErrorKind::data);
}

int run(const Arguments& arguments) {
  if (!arguments.cases.empty()) return answer(arguments);
  if (arguments.html.empty()) return explain(arguments);
  require_not_read(arguments.html, std::array{arguments.embeddings});
  require_new(arguments.html, arguments.overwrite);
  write_output(arguments.html, loss_page({page_html, page_css, page_script}, {}), arguments.overwrite);
  fmt::print("{}\n", arguments.html);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Arguments a;
  CLI::App app("Explains how a loss works: which rows pull and push which rows, and how strongly.", "explain_loss");
  app.add_option("SETTING", a.options,
                 "KEY=VALUE: options of [loss], e.g. sigma=5 far_decay=1 (run_experiment --help-config)");
  app.add_option("--loss", a.loss, "the loss to explain")->check(among(loss_names()))->capture_default_str();
  app.add_option("--formulation", a.formulation,
                 "printed: the formula in the paper; published: the computation of the published code (default)");
  app.add_option("--ages", a.ages, "ages of the subjects, in years: 20,21,25,70,71")
      ->delimiter(',')
      ->allow_extra_args(false);
  app.add_option("--epoch", a.epoch, "epoch, counted from 1; dynlocrep repels fewer rows in later epochs")
      ->capture_default_str();
  app.add_option("--max-epochs", a.max_epochs, "number of epochs of the training")->capture_default_str();
  app.add_option("--views", a.views, "views per subject (default: 2 if the loss needs them, otherwise 1)")
      ->check(in_range(1, 8));
  app.add_option("--width", a.width, "width of the generated embeddings")
      ->check(in_range(2, 512))
      ->capture_default_str();
  app.add_option(
         "--spread", a.spread,
         "generate crowded embeddings: standard deviation from one direction, e.g. 0.6 (default: all directions)")
      ->check(CLI::Range(1e-3, 1e3));
  app.add_option("--seed", a.seed, "seed of the generated embeddings")->capture_default_str();
  add_overwrite(app, a.overwrite);
  app.add_option("--embeddings", a.embeddings, "HDF5 file with embeddings, and with ages if --ages is not given");
  app.add_option("--dataset", a.dataset, "dataset of the embeddings in this file")->capture_default_str();
  app.add_option("--rows", a.rows, "use only this number of rows, the first ones")->check(in_range(1, 64));
  app.add_option("--cases", a.cases,
                 "HDF5 file with one case per group: evaluate them all; exit code 3 if one of them fails");
  app.add_option("--out", a.out, "the file to write: the cases with their values and gradients");
  app.add_option("--html", a.html, "write a page that shows all losses");
  app.footer(examples + exit_code_help({ErrorKind::data, ErrorKind::corrupt, ErrorKind::numbers, ErrorKind::storage,
                                        ErrorKind::in_use}));
  return run_program(app, argc, argv, [&] {
    take_ages(a);
    return run(a);
  });
}
