// SPDX-License-Identifier: Apache-2.0
// Runs a real executable through the shell: its exit code and its output.
#pragma once

#include <string>

#include "tests/support/shell.h"

namespace cg::test {

/// Runs `program` of the build with shell-quoted `arguments` in `folder`. `environment`: "NAME=value NAME=value".
Finished run_program(const std::string& folder, const std::string& program, const std::string& arguments,
                     const std::string& environment = "");

/// A new folder for a test's files, removed by the destructor.
class TestFolder {
 public:
  TestFolder();
  ~TestFolder();
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;
  const std::string& path() const { return path_; }
  std::string read(const std::string& file) const;  ///< all bytes of a file in it

 private:
  std::string path_;
};

}  // namespace cg::test
