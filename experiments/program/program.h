// How every program of the project ends: an error becomes a message and an exit code (docs/exit-codes.md).
#pragma once

#include <functional>
#include <string>

namespace cg {

/// Text that may come from a file, safe for a terminal: control bytes become `?`.
std::string printable(std::string text);

/// Runs `body`; returns its result, or the exit code of the error it threw after printing that, a line a finding, each
/// behind `error: `.
int exit_code_of(const std::function<int()>& body);

}  // namespace cg
