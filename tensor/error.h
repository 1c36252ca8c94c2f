// SPDX-License-Identifier: Apache-2.0
// Errors with four parts: where, what was found and expected, what to do now; the kind is the process's exit code.
#pragma once

#include <stdexcept>
#include <string>

namespace cg {

/// What went wrong. The number is the exit code that `main` returns; docs/exit-codes.md lists what each leaves behind.
enum class ErrorKind {
  usage = 2,         ///< command line or configuration
  data = 3,          ///< a cohort's content: NaN map, wrong shape, missing age
  corrupt = 4,       ///< a damaged or hostile file
  numbers = 5,       ///< NaN or infinity in training, evaluation or prediction
  memory = 6,        ///< does not fit
  device = 7,        ///< device lost or missing
  storage = 8,       ///< disk full, read-only, I/O error
  in_use = 9,        ///< run folder locked or already finished
  interrupted = 75,  ///< a signal, after saving
};

/// The only exception type of the project. `what()` reads "where: what. fix".
class Error : public std::runtime_error {
 public:
  Error(ErrorKind kind, std::string where, std::string what, std::string fix);
  ErrorKind kind() const { return kind_; }
  const std::string& where() const { return where_; }
  const std::string& found() const { return found_; }
  const std::string& fix() const { return fix_; }

 private:
  ErrorKind kind_;
  std::string where_, found_, fix_;
};

/// Throws an Error. `where`: layer and op, `file:line:column`, or file and row. `what`: found and expected.
/// `fix`: one imperative sentence; may be empty if there is no advice.
[[noreturn]] void fail(ErrorKind kind, std::string where, std::string what, std::string fix = "");

}  // namespace cg
