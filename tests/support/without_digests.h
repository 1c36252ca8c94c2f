// SPDX-License-Identifier: Apache-2.0
// An HDF5 file as another program would have written it: without this project's digests.
#pragma once

#include <doctest/doctest.h>

#include <filesystem>
#include <string>

#include "tests/data/formats/raw_h5.h"

namespace cg::test {

inline void copy_without_digests(const std::string& from, const std::string& to) {
  REQUIRE(std::filesystem::copy_file(from, to));
  H5Fclose(open_to_change(to));  // removes them
}

}  // namespace cg::test
