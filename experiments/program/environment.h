// What a run was computed with and on: program, libraries, processor.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace cg {

std::string version();       ///< of Cortexgrad
std::string version_text();  ///< for people: a line for the program, a line for its CUDA backend or why there is none

/// The folder with experiments/ and docs/: three above this executable (build/<preset>/bin), else the working folder.
std::filesystem::path source_root();

/// A JSON object for environment.json: versions of program and libraries, git commit if it was known when the build was
/// configured, compiler, processor, cores, instruction sets, threads, device, command line, start time.
std::string environment_json(const std::vector<std::string>& command, const std::string& device, int threads);

}  // namespace cg
