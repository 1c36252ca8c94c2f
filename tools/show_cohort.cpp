// SPDX-License-Identifier: Apache-2.0
// Shows a cohort on one page: ages, studies, coverage, maps.
//   show_cohort cohort.h5 --beside t1.h5 --out cohort.html
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <array>
#include <memory>

#include "data/files/input_file.h"
#include "data/files/storage.h"
#include "experiments/pages/cohort_page.h"
#include "experiments/program/command_line.h"
#include "experiments/program/progress.h"
#include "experiments/program/unverified.h"

namespace {

constexpr const char* examples = R"(
Examples:
  show_cohort cohort.h5
  show_cohort cohort.h5 --beside t1.h5 --out page.html
)";

}  // namespace

int main(int argc, char** argv) {
  CLI::App app(
      "Shows a cohort on one HTML page: ages by study, women and men, coverage, maps at several ages,\n"
      "and the maps that do not belong to the others.",
      "show_cohort");
  std::string file, beside, out = "cohort.html";
  bool overwrite = false;
  app.add_option("FILE", file, "cohort file (HDF5)")->required();
  app.add_option("--beside", beside, "a second cohort file whose volumes are shown beside the maps, e.g. T1");
  app.add_option("--out", out, "the page to write")->capture_default_str();
  cg::add_overwrite(app, overwrite);
  app.footer(examples + cg::exit_code_help({cg::ErrorKind::data, cg::ErrorKind::corrupt, cg::ErrorKind::memory,
                                            cg::ErrorKind::storage, cg::ErrorKind::in_use}));
  return cg::run_program(app, argc, argv, [&] {
    cg::require_not_read(out, std::array{file, beside});
    cg::require_new(out, overwrite);
    const cg::CohortFile cohort(file);
    const auto other = beside.empty() ? nullptr : std::make_unique<cg::CohortFile>(beside);
    cg::report_unverified(file, cohort.verified());
    if (other) cg::report_unverified(beside, other->verified());
    cg::Progress progress(static_cast<double>(cg::cohort_summary_readings(cohort)), cg::standard_error());
    const cg::CohortSummary summary = cg::cohort_summary(cohort, [&] { progress.advance(1, "reading maps"); });
    progress.finish();
    for (const std::string& line : cg::outlier_lines(summary.outliers, cg::ids_of(cohort)))
      fmt::print(stderr, "warning: {}\n", line);
    cg::write_output(out, cg::cohort_page(cohort, summary, other.get()), overwrite);
    fmt::print("{}\n", out);
    return 0;
  });
}
