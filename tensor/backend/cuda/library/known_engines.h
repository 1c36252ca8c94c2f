// SPDX-License-Identifier: Apache-2.0
// The tables of a run: the file that the environment variable CORTEXGRAD_ENGINES names, then the table of the
// repository, engines.txt, which is compiled into the module.
#pragma once

#include "tensor/backend/engine_table.h"

namespace cg::cuda {

/// Compiled in.
extern const char* const built_in_engines;

/// The file that CORTEXGRAD_ENGINES names; empty if it names none.
std::string engines_file();

/// The entries of both tables for a compute capability and this version of cuDNN. Errors: usage, for a file that cannot
/// be read or has a wrong line.
std::map<ConvolutionProblem, EngineEntry> known_engines(int major, int minor);

}  // namespace cg::cuda
