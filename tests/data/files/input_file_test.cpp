// SPDX-License-Identifier: Apache-2.0
// Links: a content that was never fetched is named as such, and which links may leave a cohort's folder.
#include "data/files/input_file.h"

#include <doctest/doctest.h>

#include <array>
#include <fstream>

#include "tests/support/program.h"
#include "tests/support/thrown.h"

using namespace cg;
using namespace cg::test;
namespace fs = std::filesystem;

namespace {

/// A folder with files and links.
struct Folder : TestFolder {
  const fs::path path = TestFolder::path();

  void write(const fs::path& file) const {
    fs::create_directories((path / file).parent_path());
    std::ofstream(path / file) << "content";
  }
  void link(const fs::path& target, const fs::path& name) const {
    fs::create_directories((path / name).parent_path());
    fs::create_symlink(target, path / name);
  }
};

}  // namespace

TEST_CASE("open_input: a link without its content says why, and a file that is not there that it is not there") {
  const Folder folder;
  folder.link("../.git/annex/objects/x/y/MD5E-s1--0.nii.gz", "a.nii.gz");
  check_fails([&] { open_input(folder.path / "a.nii.gz"); }, ErrorKind::data,
              {"a.nii.gz", "the content of the file was not downloaded", "datalad get a.nii.gz"});
  folder.link("../elsewhere.nii.gz", "b.nii.gz");
  check_fails([&] { open_input(folder.path / "b.nii.gz"); }, ErrorKind::data,
              {"a symbolic link to ../elsewhere.nii.gz, which does not exist"});
  check_fails([&] { open_input(folder.path / "c.nii.gz"); }, ErrorKind::data, {"c.nii.gz", "no such file"});
}

TEST_CASE("inside: a link may lead to git-annex's objects of a repository around the folder, and nowhere else") {
  const Folder folder;
  const fs::path cohort = folder.path / "derivatives" / "mre";
  folder.write(".git/annex/objects/x/a.nii");
  folder.link("../../.git/annex/objects/x/a.nii", "derivatives/mre/a.nii");
  CHECK(inside(cohort, "a.nii") == fs::canonical(folder.path / ".git/annex/objects/x/a.nii"));
  folder.write(".git/config");
  folder.link("../../.git/config", "derivatives/mre/b.nii");
  folder.write("derivatives/other/.git/annex/objects/c.nii");  // of a repository that does not contain the folder
  folder.link("../other/.git/annex/objects/c.nii", "derivatives/mre/c.nii");
  folder.link("../../.git/annex/objects/../../config", "derivatives/mre/d.nii");
  for (const char* name : {"b.nii", "c.nii", "d.nii"})
    check_fails([&] { inside(cohort, name); }, ErrorKind::data, {name, "leads out of the cohort's folder"});
}

TEST_CASE("require_not_read: an output must be neither an input nor the other file of its pair") {
  const Folder folder;
  for (const char* name : {"map.hdr", "map.img", "map.nii", "other.img"}) folder.write(name);
  const auto refused = [&](const char* out, const char* in) {
    CAPTURE(out);
    check_fails([&] { require_not_read(folder.path / out, std::array{(folder.path / in).string()}); }, ErrorKind::usage,
                {out, "would replace an input file"});
  };
  refused("map.hdr", "map.hdr");
  refused("map.img", "map.hdr");
  refused("map.hdr", "map.img");
  const std::string input = (folder.path / "map.hdr").string();
  require_not_read(folder.path / "map.nii", std::array{input});
  require_not_read(folder.path / "other.img", std::array{input});
  require_not_read(folder.path / "new.img", std::array{input, std::string()});
}
