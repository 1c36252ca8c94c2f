// SPDX-License-Identifier: Apache-2.0
// How all programs of the project end: an error becomes a message and an exit code (docs/exit-codes.md).
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "tensor/error.h"

namespace cg {

/// Makes text from a file safe for a terminal: control bytes become `?`.
std::string printable(std::string text);

/// Runs `body` and returns its result. If it throws an error, prints it, one line per problem, each after `error: `,
/// and returns the exit code of the error.
int exit_code_of(const std::function<int()>& body);

/// Every kind of error, with the words that docs/exit-codes.md has for its exit code.
const std::map<ErrorKind, std::string>& error_kinds();

/// The last lines of a program's --help: the exit codes of these kinds, and those of every program (usage among them).
std::string exit_code_help(const std::vector<ErrorKind>& kinds);
std::string exit_code_help();  ///< of a program that can end with every kind

}  // namespace cg
