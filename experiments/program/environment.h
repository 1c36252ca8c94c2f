// SPDX-License-Identifier: Apache-2.0
// The program, libraries and processor that a run used.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace cg {

std::string version();       ///< of Cortexgrad
std::string version_text();  ///< as text: one line for the program, one for its CUDA backend or why it is absent

/// The folder with experiments/ and docs/: three levels above this executable (build/<preset>/bin), otherwise the
/// working folder.
std::filesystem::path source_root();
/// Where a user's generated files go if the installation cannot be written: $XDG_CACHE_HOME/cortexgrad, otherwise
/// ~/.cache/cortexgrad. It may not exist yet.
std::filesystem::path cache_folder();

/// A JSON object for environment.json: versions of program and libraries, compiler, processor, cores, instruction sets,
/// threads, command line, start time; and the members of `more`, a JSON object.
std::string environment_json(const std::vector<std::string>& command, int threads, const std::string& more = "{}");

}  // namespace cg
