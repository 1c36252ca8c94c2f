// SPDX-License-Identifier: Apache-2.0
// Writes a synthetic cohort of brain stiffness maps (or T1-like volumes) with known age effects.
//   make_phantom_cohort --voxel 4 --out phantom-4mm.h5
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>

#include "data/files/storage.h"
#include "data/phantom/cohort.h"
#include "experiments/program/command_line.h"

namespace {

constexpr const char* examples = R"(
Examples:
  make_phantom_cohort --voxel 4 --out phantom.h5
  make_phantom_cohort --voxel 4 --subjects 100 --modality t1 --sites 5 --out t1.h5
)";

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Writes a cohort of synthetic phantom brains: not data of any person.", "make_phantom_cohort");
  cg::phantom::CohortOptions options;
  std::string out, modality = "mre";
  bool overwrite = false;
  app.add_option("--subjects", options.subjects, "number of subjects; 311 are a full cohort of the five studies")
      ->check(cg::in_range(1, 1000000))
      ->capture_default_str();
  app.add_option("--voxel", options.voxel_mm, "edge length in mm")
      ->check(cg::in_range(1.0, 20.0))
      ->capture_default_str();
  app.add_option("--seed", options.seed)->capture_default_str();
  app.add_option("--modality", modality, "mre: stiffness maps; t1: T1-like volumes")
      ->check(cg::among({"mre", "t1"}))
      ->capture_default_str();
  app.add_option("--sites", options.sites, "scanners of the T1-like cohort")
      ->check(cg::in_range(1, 100000))
      ->capture_default_str();
  app.add_option("--signal", options.signal,
                 "the only regions that change with age, separated by commas (stiffness maps)")
      ->delimiter(',');
  app.add_option("--threads", options.threads, "0: all")->check(cg::in_range(0, 1024))->capture_default_str();
  app.add_option("--out", out, "the HDF5 file to write")->required();
  cg::add_overwrite(app, overwrite);
  app.footer(examples + cg::exit_code_help({cg::ErrorKind::memory, cg::ErrorKind::storage, cg::ErrorKind::in_use}));
  return cg::run_program(app, argc, argv, [&] {
    cg::require_new(out, overwrite);
    options.t1 = modality == "t1";
    for (int k = 0; k < argc; ++k) options.command += (k ? " " : "") + std::string(argv[k]);
    const bool terminal = isatty(STDERR_FILENO);
    cg::phantom::write_cohort(options, out, [&](cg::Index done) {
      if (terminal) fmt::print(stderr, "\r{} of {} synthetic subjects", done, options.subjects);
    });
    fmt::print(stderr, "{}{}: {} synthetic phantom subjects at {:g} mm\n", terminal ? "\r" : "", out, options.subjects,
               options.voxel_mm);
    return 0;
  });
}
