// SPDX-License-Identifier: Apache-2.0
#include "tensor/backend/convolution_problem.h"

namespace cg {

std::string name_of(Direction direction) {
  constexpr const char* names[] = {"forward", "data gradient", "weight gradient"};
  return names[static_cast<std::size_t>(direction)];
}

double operations(const ConvolutionProblem& p) {
  return 2.0 * static_cast<double>(count(p.y)) * static_cast<double>(count(p.w) / p.w[0]);
}

}  // namespace cg
