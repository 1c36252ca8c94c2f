// SPDX-License-Identifier: Apache-2.0
// The program, libraries and processor that a run used.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "experiments/program/build_state.h"

namespace cg {

std::string version();  ///< of Cortexgrad

/// The version as text, a line each: the program, its sources, its compiler, its CUDA backend or why it is absent.
std::string version_text(const BuildState& build);

/// The folder with experiments/.
struct Place {
  std::filesystem::path root;
  bool installed = false;  ///< by `cmake --install` or a package: nothing is ever written there
};
/// Of a program in PREFIX/bin: PREFIX/share/cortexgrad. Otherwise the source tree three levels above the program
/// (build/<preset>/bin), otherwise the working folder.
Place place_of(const std::filesystem::path& program);
Place place();                        ///< of this program
std::filesystem::path source_root();  ///< place().root

/// Where a user's generated files go if the installation cannot be written: $XDG_CACHE_HOME/cortexgrad, otherwise
/// ~/.cache/cortexgrad. It may not exist yet.
std::filesystem::path cache_folder();

/// A JSON object for environment.json: versions of program and libraries, compiler, processor, cores, instruction sets,
/// threads, command line, start time; and the members of `more`, a JSON object.
std::string environment_json(const std::vector<std::string>& command, int threads, const std::string& more = "{}");

}  // namespace cg
