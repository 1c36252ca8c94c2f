// SPDX-License-Identifier: Apache-2.0
// How all programs of the project end: an error becomes a message and an exit code (docs/exit-codes.md).
#pragma once

#include <functional>
#include <string>

namespace cg {

/// Makes text from a file safe for a terminal: control bytes become `?`.
std::string printable(std::string text);

/// Runs `body` and returns its result. If it throws an error, prints it, one line per problem, each after `error: `,
/// and returns the exit code of the error.
int exit_code_of(const std::function<int()>& body);

}  // namespace cg
