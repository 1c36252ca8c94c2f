// SPDX-License-Identifier: Apache-2.0
// The page docs/ops.md, made from the ops themselves: formulas from the comments of their headers, what is kept from
// their plans, kernels from the declarations of the backends.
#pragma once

#include <string>

namespace cg::test {

/// The whole page. Throws std::runtime_error where a header does not say its formulas, or where the names that an op
/// gives its tensors do not fit its plan.
std::string ops_page();

}  // namespace cg::test
