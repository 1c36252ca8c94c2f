// SPDX-License-Identifier: Apache-2.0
// Outputs that a user names.
#include <doctest/doctest.h>
#include <sys/stat.h>

#include <fstream>
#include <iterator>
#include <set>
#include <thread>
#include <vector>

#include "data/files/storage.h"
#include "data/formats/hdf5_file.h"
#include "tensor/error.h"
#include "tests/support/program.h"

using namespace cg;
using namespace cg::test;
namespace fs = std::filesystem;

namespace {

/// The exit code of the error of `body`; 0: none.
int kind(auto body) {
  try {
    body();
  } catch (const Error& error) {
    return static_cast<int>(error.kind());
  }
  return 0;
}

std::string read(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::set<std::string> names(const fs::path& folder) {
  std::set<std::string> out;
  for (const auto& entry : fs::directory_iterator(folder)) out.insert(entry.path().filename().string());
  return out;
}

}  // namespace

TEST_CASE(
    "write_output: an output that the user names may be a link, which stays, a device or a pipe, or have a long name") {
  const TestFolder folder;
  const fs::path f = folder.path();
  std::ofstream(f / "target") << "old";
  fs::create_symlink("target", f / "link");
  fs::create_symlink("link", f / "chain");
  CHECK(kind([&] { write_output(f / "chain", "new", false); }) == 9);
  write_output(f / "chain", "new", true);
  CHECK(read(f / "target") == "new");
  CHECK(fs::is_symlink(f / "chain"));
  CHECK(fs::is_symlink(f / "link"));
  for (const bool replace : {false, true}) {
    CHECK(kind([&] { require_new("/dev/null", replace); }) == 0);
    write_output("/dev/null", "gone", replace);
    CHECK(fs::is_character_file("/dev/null"));
  }
  CHECK(kind([&] { write_output("/dev/full", "x", true); }) == 8);
  const fs::path pipe = f / "pipe";
  REQUIRE(mkfifo(pipe.c_str(), 0600) == 0);
  std::string through;
  std::thread reader([&] { through = read(pipe); });
  write_output(pipe, "through the pipe", false);
  reader.join();
  CHECK(through == "through the pipe");
  CHECK(fs::is_fifo(pipe));
  const fs::path longest = f / std::string(255, 'a');
  write_output(longest, "x", false);
  CHECK(read(longest) == "x");
  const std::string too_long = (f / std::string(256, 'a')).string();
  CHECK(kind([&] { write_output(too_long, "x", false); }) == 8);
  fs::remove(longest);
  CHECK(names(f) == std::set<std::string>{"target", "link", "chain", "pipe"});
}

TEST_CASE("require_apart: two outputs of one command may not be one file, in any spelling") {
  const TestFolder folder;
  const std::string f = folder.path();
  fs::create_symlink("a", f + "/link");
  const auto apart = [](const std::vector<std::string>& outputs) { return kind([&] { require_apart(outputs); }); };
  CHECK(apart({f + "/a", f + "/b", "", ""}) == 0);
  CHECK(apart({"/dev/null", "/dev/null"}) == 0);
  CHECK(apart({f + "/a", f + "/b", f + "/a"}) == 2);
  CHECK(apart({f + "/a", f + "/./a"}) == 2);
  CHECK(apart({f + "/a", f + "/link"}) == 2);
  CHECK(apart({"a", "./a"}) == 2);
}

TEST_CASE("H5Writer: a link stays and its target is written, and a device or a pipe is refused") {
  const TestFolder folder;
  const fs::path f = folder.path();
  std::ofstream(f / "target.h5") << "old";
  fs::create_symlink("target.h5", f / "link.h5");
  H5Writer writer((f / "link.h5").string());
  writer.attribute("number", 5);
  writer.commit();
  CHECK(fs::is_symlink(f / "link.h5"));
  CHECK(H5Reader((f / "target.h5").string()).number_attribute("number") == 5);
  const fs::path pipe = f / "pipe.h5";
  REQUIRE(mkfifo(pipe.c_str(), 0600) == 0);
  for (const std::string& path : {std::string("/dev/null"), pipe.string()})
    CHECK(kind([&] { H5Writer{path}; }) == static_cast<int>(ErrorKind::usage));
  CHECK(names(f) == std::set<std::string>{"target.h5", "link.h5", "pipe.h5"});
}
