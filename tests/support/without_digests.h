// SPDX-License-Identifier: Apache-2.0
// A file as another program would have written it: without this project's digests.
#pragma once

#include <doctest/doctest.h>

#include <fstream>
#include <iterator>
#include <string>

namespace cg::test {

/// Copies a file; the text with its digests gets another name of the same length.
inline void copy_without_digests(const std::string& from, const std::string& to) {
  const std::string name = "sha256sums", other = "sha256none";
  std::ifstream in(from, std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(in), {}};
  REQUIRE(bytes.find(name) != std::string::npos);
  for (std::size_t at = bytes.find(name); at != std::string::npos; at = bytes.find(name, at))
    bytes.replace(at, name.size(), other);
  std::ofstream(to, std::ios::binary) << bytes;
}

}  // namespace cg::test
