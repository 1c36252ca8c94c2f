// SPDX-License-Identifier: Apache-2.0
// How all programs read their command line. Only for the programs' files: it needs CLI11. Read next: program.h,
// data/files/storage.h (output files).
#pragma once

#include <CLI/CLI.hpp>
#include <functional>

#include "experiments/program/program.h"
#include "tensor/error.h"

namespace cg {

/// Parses the command line and runs `body`. Returns the exit code of exit_code_of(). --help and --version end with 0
/// and run nothing. A wrong command line is an error (usage) like any other.
inline int run_program(CLI::App& app, int argc, char** argv, const std::function<int()>& body) {
  return exit_code_of([&] {
    try {
      app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
      if (error.get_exit_code() == 0) return app.exit(error);
      fail(ErrorKind::usage, "command line", error.what(), "Run the program with --help to see the options");
    }
    return body();
  });
}

/// The flag of all programs that write files whose names the user gives; see require_new().
inline void add_overwrite(CLI::App& app, bool& overwrite) {
  app.add_flag("--overwrite", overwrite, "replace output files that exist");
}

}  // namespace cg
