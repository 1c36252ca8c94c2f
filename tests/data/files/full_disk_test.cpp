// SPDX-License-Identifier: Apache-2.0
// A disk that fills up while an HDF5 file is written: an immediate error of kind storage, no file left, no crash at
// exit.
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <sys/resource.h>

#include <csignal>

#include "data/formats/hdf5_file.h"
#include "tensor/random.h"
#include "tests/data/formats/raw_h5.h"
#include "tests/support/shell.h"
#include "tests/support/thrown.h"

using namespace cg;
using namespace cg::test;
namespace fs = std::filesystem;

namespace {

/// While it exists, no file can grow beyond this number of bytes: writes fail as on a full disk.
class FullDisk {
 public:
  explicit FullDisk(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit = {bytes, before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FullDisk() {
    setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }
  FullDisk(const FullDisk&) = delete;
  FullDisk& operator=(const FullDisk&) = delete;

 private:
  void (*handler_)(int);
  rlimit before_{};
};

constexpr Index row_size = 64 * 1024;

/// Numbers that do not compress.
std::vector<float> noise() {
  Random random({.seed = 1});
  std::vector<float> out(row_size);
  for (float& value : out) value = static_cast<float>(random.uniform());
  return out;
}

}  // namespace

TEST_CASE("H5Writer: a row that does not fit on the disk is an immediate error, and the file never appears") {
  const TemporaryFile target("full.h5"), next("next.h5");
  const std::vector<float> values = noise();
  {
    H5Writer file(target.path);
    file.make_rows("maps", {{4, row_size}, DType::f32});
    {
      const FullDisk full(100000);
      check_fails([&] { file.row("maps", 0, values); }, ErrorKind::storage, {target.path, "writing failed"});
    }
  }
  CHECK_FALSE(fs::exists(target.path));
  H5Writer file(next.path);  // the library still works
  file.floats("maps", {row_size}, values);
  file.commit();
  CHECK(H5Reader(next.path).rows("maps", 0, row_size) == values);
}

TEST_CASE("H5Writer: a contiguous dataset that does not fit on the disk is an error") {
  const TemporaryFile target("full.h5");
  const std::vector<float> values = noise();
  const FullDisk full(100000);
  check_fails(
      [&] {
        H5Writer file(target.path);
        file.floats("maps", {row_size}, values);
        file.commit();
      },
      ErrorKind::storage, {target.path});
  CHECK_FALSE(fs::exists(target.path));
}

TEST_CASE("make_phantom_cohort: a full disk ends with exit code 8, one message and no file") {
  const std::string folder = fmt::format("{}/cg-test-full-{}", fs::temp_directory_path().string(), getpid());
  fs::create_directory(folder);
  for (int threads : {1, 2}) {
    CAPTURE(threads);
    const auto [code, text] =
        shell(fmt::format("trap '' XFSZ; ulimit -f 200; '{}/make_phantom_cohort' --subjects 8 --voxel 4 --threads {} "
                          "--out '{}/x.h5' 2>&1",
                          CG_TEST_BINARIES, threads, folder));
    CAPTURE(text);
    CHECK(code == 8);
    CHECK(text.starts_with("error: " + folder + "/x.h5: "));
    CHECK(text.find("HDF5-DIAG") == std::string::npos);
    CHECK(fs::is_empty(folder));
  }
  fs::remove_all(folder);
}
