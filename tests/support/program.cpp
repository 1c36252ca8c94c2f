#include "tests/support/program.h"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <stdlib.h>
#include <sys/wait.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace cg::test {

ProgramResult run_program(const std::string& folder, const std::string& program, const std::string& arguments,
                          const std::string& environment) {
  FILE* pipe = popen(
      fmt::format("cd '{}' && {} '{}/{}' {} 2>&1", folder, environment, CG_TEST_BINARIES, program, arguments).c_str(),
      "r");
  REQUIRE(pipe);
  ProgramResult result;
  char block[4096];
  for (std::size_t n; (n = fread(block, 1, sizeof block, pipe)) > 0;) result.text.append(block, n);
  const int status = pclose(pipe);
  result.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return result;
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
