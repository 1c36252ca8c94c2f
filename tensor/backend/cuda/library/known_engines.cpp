// SPDX-License-Identifier: Apache-2.0
#include "tensor/backend/cuda/library/known_engines.h"

#include <cudnn.h>

#include <cstdlib>

namespace cg::cuda {

std::string engines_file() {
  const char* file = std::getenv("CORTEXGRAD_ENGINES");
  return file ? file : "";
}

std::map<ConvolutionProblem, EngineEntry> known_engines(int major, int minor) {
  EngineTable table;
  if (const std::string file = engines_file(); !file.empty()) table = EngineTable::read(file);
  table.append(EngineTable::parse(built_in_engines, "engines.txt"));
  return table.of(major, minor, static_cast<Index>(cudnnGetVersion()));
}

}  // namespace cg::cuda
