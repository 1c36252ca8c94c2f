// SPDX-License-Identifier: Apache-2.0
// How all programs read their command line. Only for the programs' files: it needs CLI11. Read next: option_errors.h,
// program.h, data/files/storage.h (output files).
#pragma once

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <functional>
#include <sstream>
#include <string>
#include <vector>

#include "experiments/program/environment.h"
#include "experiments/program/option_errors.h"
#include "experiments/program/program.h"
#include "experiments/program/standard_streams.h"
#include "tensor/error.h"
#include "tensor/job_limits.h"

namespace cg {

/// Parses the command line and runs `body`. Returns the exit code of exit_code_of(). --help and --version end with 0
/// and run nothing. A wrong command line is an error (usage) like any other.
inline int run_program(CLI::App& app, int argc, char** argv, const std::function<int()>& body) {
  prepare_standard_streams();
  app.set_version_flag(
      "--version", [] { return version_text(build_state()); }, "version, commit, compiler, CUDA backend");
  limit_threads();
  return exit_code_of([&] {
    int code = 0;
    try {
      app.parse(argc, argv);
      code = body();
    } catch (const CLI::ParseError& error) {
      if (error.get_exit_code() == 0) {
        std::ostringstream text;
        app.exit(error, text, text);
        fmt::print("{}", text.str());
        require_printed();
        return 0;
      }
      fail(ErrorKind::usage, "command line", option_error(app, error),
           "Run the program with --help to see the options");
    }
    require_printed();
    return code;
  });
}

/// The flag of all programs that write files whose names the user gives; see require_new().
inline void add_overwrite(CLI::App& app, bool& overwrite) {
  app.add_flag("--overwrite", overwrite, "replace output files that exist");
}

/// The devices of this machine, as --device names them; choose_backend (experiments/training/setup.h) creates one.
inline const std::vector<std::string> device_names = {"auto", "cpu", "cuda", "reference"};

/// Adds --device, with its value as the default.
inline void add_device_option(CLI::App& app, std::string& device) {
  app.add_option("--device", device, "auto: a GPU if there is one; cpu; cuda; reference: plain loops")
      ->check(among(device_names))
      ->capture_default_str();
}

/// The same where a GPU may be named that need not exist here; `when`: in which case, or "".
inline void add_planned_device_option(CLI::App& app, std::string& device, const std::string& when) {
  app.add_option("--device", device,
                 "auto: a GPU if there is one; cpu; cuda; reference: plain loops; or " + when +
                     (when.empty() ? "" : " ") +
                     "a GPU that need not exist here: its name (H200, RTX4090) or compute capability, multiprocessors "
                     "and memory in GB (8.6:82:24)")
      ->capture_default_str();
}

}  // namespace cg
