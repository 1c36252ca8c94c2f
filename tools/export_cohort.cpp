// SPDX-License-Identifier: Apache-2.0
// Writes the maps of a cohort file as NIfTI files with a table of participants, in BIDS's layout.
//   export_cohort phantom.h5 phantom-bids/
#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "experiments/cohorts/export.h"
#include "experiments/program/command_line.h"
#include "experiments/program/unverified.h"

namespace {

constexpr const char* examples = R"(
Examples:
  export_cohort cohort.h5 cohort-bids/
  export_cohort phantom.h5 phantom-bids/
)";

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Writes the maps of a cohort file as NIfTI files with a table of participants, in BIDS's layout.",
               "export_cohort");
  std::string cohort, folder;
  app.add_option("COHORT", cohort, "cohort file (HDF5)")->required();
  app.add_option("FOLDER", folder, "a new folder")->required();
  app.footer(examples + cg::exit_code_help({cg::ErrorKind::data, cg::ErrorKind::corrupt, cg::ErrorKind::memory,
                                            cg::ErrorKind::storage, cg::ErrorKind::in_use}));
  return cg::run_program(app, argc, argv, [&] {
    const cg::CohortFile file(cohort);
    cg::report_unverified(cohort, file.verified());
    cg::export_cohort(file, folder, cg::standard_error());
    fmt::print("{} {}maps in {}; import_cohort reads them with --files '{}'\n", file.size(),
               file.synthetic() ? "synthetic " : "", folder, cg::exported_files(file));
    return 0;
  });
}
