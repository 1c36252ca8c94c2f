// SPDX-License-Identifier: Apache-2.0
// Whether a page is well-formed XML, as the pages of this project are: for tests, without namespaces and DTDs.
#pragma once

#include <string>

namespace cg::test {

/// What is wrong with `text`, or nothing: elements nest and are closed, names are plain, attributes are quoted and
/// occur once, `<` begins tags only, entities are known, there is one root.
std::string malformed(const std::string& text);

}  // namespace cg::test
