// SPDX-License-Identifier: Apache-2.0
// What a call failed with.
#pragma once

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "tensor/error.h"

namespace cg::test {

/// Calls `body`, which must fail with this kind and a message that holds each of `words` and says what to do.
template <class Body>
void check_fails(const Body& body, ErrorKind kind, const std::vector<std::string>& words) {
  try {
    body();
  } catch (const Error& error) {
    const std::string message = error.what();
    CAPTURE(message);
    CHECK(error.kind() == kind);
    CHECK_FALSE(error.fix().empty());
    for (const std::string& word : words) {
      CAPTURE(word);
      CHECK(message.find(word) != std::string::npos);
    }
    return;
  }
  FAIL_CHECK("nothing was refused");
}

}  // namespace cg::test
