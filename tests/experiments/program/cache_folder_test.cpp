// SPDX-License-Identifier: Apache-2.0
// Where generated files go if the installation cannot be written.
#include <doctest/doctest.h>
#include <stdlib.h>

#include <optional>
#include <string>

#include "experiments/program/environment.h"

using namespace cg;

namespace {

/// Sets a variable of the environment, or removes it, until destruction.
class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name) {
    if (const char* before = getenv(name)) before_ = before;
    value ? setenv(name, value, 1) : unsetenv(name);
  }
  ~Variable() { before_ ? setenv(name_, before_->c_str(), 1) : unsetenv(name_); }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

 private:
  const char* name_;
  std::optional<std::string> before_;
};

}  // namespace

TEST_CASE("cache_folder: $XDG_CACHE_HOME, otherwise ~/.cache, otherwise a folder of the user in the temporary one") {
  const Variable home("HOME", "/home/ada");
  {
    const Variable xdg("XDG_CACHE_HOME", "/caches/ada");
    CHECK(cache_folder() == "/caches/ada/cortexgrad");
  }
  {
    const Variable relative("XDG_CACHE_HOME", "caches");  // the specification says: ignore it
    CHECK(cache_folder() == "/home/ada/.cache/cortexgrad");
  }
  const Variable none("XDG_CACHE_HOME", nullptr);
  CHECK(cache_folder() == "/home/ada/.cache/cortexgrad");
  const Variable homeless("HOME", nullptr);
  CHECK(cache_folder().filename().string().starts_with("cortexgrad-"));
}
