// SPDX-License-Identifier: Apache-2.0
#include "tests/support/program.h"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <iterator>

namespace cg::test {

Finished run_program(const std::string& folder, const std::string& program, const std::string& arguments,
                     const std::string& environment) {
  return shell(fmt::format("cd '{}' && {} '{}/{}' {} 2>&1", folder, environment, CG_TEST_BINARIES, program, arguments));
}

TestFolder::TestFolder() {
  std::string name = (std::filesystem::temp_directory_path() / "cortexgrad-XXXXXX").string();
  REQUIRE(mkdtemp(name.data()));
  path_ = name;
}

TestFolder::~TestFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string TestFolder::read(const std::string& file) const {
  std::ifstream in(path_ + "/" + file, std::ios::binary);
  REQUIRE(in.good());
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace cg::test
