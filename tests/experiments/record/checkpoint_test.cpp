// SPDX-License-Identifier: Apache-2.0
// The file: written data is read back, any damage is refused, and after a crash of the writer the last file is
// complete.
#include "experiments/record/checkpoint.h"

#include <doctest/doctest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <fstream>
#include <limits>
#include <thread>

#include "data/files/digest.h"
#include "data/formats/hdf5_file.h"
#include "tensor/random.h"
#include "tests/support/thrown.h"

using namespace cg;
using namespace cg::test;
namespace fs = std::filesystem;

namespace {

/// A folder that is removed at the end of the test.
struct Folder {
  fs::path path = fs::temp_directory_path() / ("cg-checkpoint-" + std::to_string(getpid()));
  fs::path file = path / "checkpoint.h5";
  Folder() { fs::create_directory(path); }
  ~Folder() { fs::remove_all(path); }
};

HostBackend& backend() {
  static HostBackend host;
  return host;
}

/// A tensor of `n` values, each the float32 nearest to value + index / 8.
Tensor counted(Index n, double value) {
  Tensor tensor = backend().tensor({{n}, DType::f32});
  Index k = 0;
  for (float& x : tensor.data<float>()) x = static_cast<float>(value + static_cast<double>(k++) / 8);
  return tensor;
}

SubjectFeatures features(Index width, double value) {
  SubjectFeatures out{{0, 1, 2}, {}, width};
  for (Index k = 0; k < 3 * width; ++k) out.values.push_back(value + static_cast<double>(k) / 7);
  return out;
}

/// All fields are set and different.
Checkpoint full(Index tensor_size = 20) {
  Checkpoint c{{"0123abc", "4567def", "parts", "89ab"}, {}, 101, {}};
  c.run = {.seed = 2,
           .epoch = 17,
           .step = 3,
           .loss_sum = 1.0 / 3,
           .neighbours = 14,
           .epoch_seconds = 1.25,
           .seed_seconds = 1e3 / 7,
           .logs = {.metrics = {1234, std::string(64, 'a')}, .predictions = {56789, std::string(64, 'b')}},
           .resumed = 4,
           .results = {},
           .kept = {},
           .stages = {{"seed 0, epoch 1, step 1", "cpu: 8 threads", "float32", {"0123", "clean"}},
                      {"seed 1, epoch 2, step 3", "cuda: a GPU", "bfloat16", {"4567", "changed"}}}};
  c.run.results = {{5, {.1, .2, .3, std::numeric_limits<double>::quiet_NaN()}, {.12, .13, .14, .15}, .5, .6, .7},
                   {6, {.8, .9, -1, .11}, {.16, .17, .18, .19}, .21, .22, .23}};
  c.run.kept = {{5, 10, features(4, .25), features(8, .5)}, {5, 2, features(4, 3), features(8, 4)}};
  c.learner = {{"values", counted(tensor_size, 1)}, {"statistics", counted(5, 2)}};
  return c;
}

bool same(const SubjectFeatures& a, const SubjectFeatures& b) {
  return a.subjects == b.subjects && a.values == b.values && a.width == b.width;
}

std::string contents(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void write(const fs::path& path, std::string_view bytes) { std::ofstream(path, std::ios::binary) << bytes; }

/// A file with a correct digest and this content.
std::string sealed(const std::string& image) {
  std::string block = "cortexgrad-checkpoint-3\nsha256 " + sha256(image) + "\n";
  block.resize(512, '\0');
  return block + image;
}

bool is_refused(const fs::path& path) {
  try {
    read_checkpoint(path);
  } catch (const Error& error) {
    return error.kind() == ErrorKind::corrupt && error.where() == path.string();
  }
  return false;
}

}  // namespace

TEST_CASE("Checkpoint: all written data is read back to the bit") {
  const Folder f;
  const Checkpoint c = full();
  write_checkpoint(f.file, c, backend());
  const Checkpoint r = read_checkpoint(f.file);
  CHECK(r.inputs.config == c.inputs.config);
  CHECK(r.inputs.cohort == c.inputs.cohort);
  CHECK(r.inputs.split == c.inputs.split);
  CHECK(r.inputs.weights == c.inputs.weights);
  CHECK(r.run.stages == c.run.stages);
  CHECK(r.batches_seen == 101);
  CHECK(r.run.seed == 2);
  CHECK(r.run.epoch == 17);
  CHECK(r.run.step == 3);
  CHECK(r.run.loss_sum == 1.0 / 3);
  CHECK(r.run.neighbours == 14);
  CHECK(r.run.epoch_seconds == 1.25);
  CHECK(r.run.seed_seconds == 1e3 / 7);
  CHECK(r.run.logs.metrics.bytes == 1234);
  CHECK(r.run.logs.metrics.sha256 == std::string(64, 'a'));
  CHECK(r.run.logs.predictions.bytes == 56789);
  CHECK(r.run.resumed == 4);
  REQUIRE(r.run.results.size() == 2);
  CHECK(std::isnan(r.run.results[0].test.r));
  for (std::size_t k = 0; k < 2; ++k) {
    SeedResult a = r.run.results[k], b = c.run.results[k];
    if (k == 0) a.test.r = b.test.r = 0;  // NaN is not equal to itself
    CHECK(std::tuple(a.seed, a.test.mae, a.test.rmse, a.test.r2, a.test.r, a.penalty, a.loss, a.seconds) ==
          std::tuple(b.seed, b.test.mae, b.test.rmse, b.test.r2, b.test.r, b.penalty, b.loss, b.seconds));
    CHECK(std::tuple(a.validation.mae, a.validation.rmse, a.validation.r2, a.validation.r) ==
          std::tuple(b.validation.mae, b.validation.rmse, b.validation.r2, b.validation.r));
  }
  REQUIRE(r.run.kept.size() == 2);
  for (std::size_t k = 0; k < 2; ++k) {
    CHECK(r.run.kept[k].seed == c.run.kept[k].seed);
    CHECK(r.run.kept[k].epoch == c.run.kept[k].epoch);
    CHECK(same(r.run.kept[k].projected, c.run.kept[k].projected));
    CHECK(same(r.run.kept[k].encoder, c.run.kept[k].encoder));
  }
  REQUIRE(r.learner.size() == 2);
  for (const NamedTensor& expected : c.learner) {
    const auto found = std::ranges::find(r.learner, expected.name, &NamedTensor::name);
    REQUIRE(found != r.learner.end());
    CHECK(std::ranges::equal(found->tensor.data<float>(), expected.tensor.data<float>()));
  }
  CHECK(H5Reader(f.file.string()).has("learner/values"));  // any HDF5 program can open it
}

TEST_CASE("Checkpoint: a run at its start is written and read") {
  const Folder f;
  write_checkpoint(f.file, {.inputs = {.config = "a"}, .run = {}, .learner = {}}, backend());
  const Checkpoint r = read_checkpoint(f.file);
  CHECK(r.run.fresh());
  CHECK(r.learner.empty());
  CHECK(r.run.results.empty());
  CHECK(r.run.kept.empty());
  CHECK(r.run.stages.empty());
  CHECK(r.inputs.cohort.empty());
}

TEST_CASE("Checkpoint: a change of any byte, or a cut at any byte, is refused as corrupt, with the file and a fix") {
  const Folder f;
  write_checkpoint(f.file, full(), backend());
  const std::string good = contents(f.file);
  std::size_t accepted = 0;
  std::fstream file(f.file, std::ios::in | std::ios::out | std::ios::binary);
  for (std::size_t k = 0; k < good.size(); ++k) {
    const char changed = static_cast<char>(good[k] ^ (1 << (k % 8)));
    file.seekp(static_cast<std::streamoff>(k)).put(changed).flush();
    accepted += !is_refused(f.file);
    file.seekp(static_cast<std::streamoff>(k)).put(good[k]).flush();
  }
  CHECK_NOTHROW(read_checkpoint(f.file));
  for (std::size_t size = good.size(); size-- > 0;) {
    fs::resize_file(f.file, size);
    accepted += !is_refused(f.file);
  }
  write(f.file, good + '\0');
  accepted += !is_refused(f.file);
  CHECK(accepted == 0);
  check_fails([&] { read_checkpoint(f.file); }, ErrorKind::corrupt, {f.file.string(), "SHA-256", "--overwrite"});
}

TEST_CASE("Checkpoint: other files, and one with a correct digest but invalid content, are refused") {
  const Folder f;
  H5Writer other;
  other.numbers("maps", {2}, std::vector<double>{1, 2});
  for (const std::string& bytes : {std::string(), std::string("x"), other.image(), sealed(""), sealed("no HDF5"),
                                   sealed(other.image()), "cortexgrad-checkpoint-1\n" + std::string(600, 'x')}) {
    write(f.file, bytes);
    CHECK(is_refused(f.file));
  }
  write(f.file, "cortexgrad-checkpoint-1\n" + std::string(600, '\0'));
  check_fails([&] { read_checkpoint(f.file); }, ErrorKind::corrupt,
              {"this version", "cortexgrad-checkpoint-1", "Finish the run"});
  check_fails([&] { read_checkpoint(f.path); }, ErrorKind::storage, {f.path.string()});
  check_fails([&] { read_checkpoint(f.path / "none"); }, ErrorKind::storage, {"none"});
}

TEST_CASE("Checkpoint: a full disk is an error of storage; the last file stays, and no temporary file is left") {
  const Folder f;
  write_checkpoint(f.file, full(), backend());
  rlimit limit{};
  getrlimit(RLIMIT_FSIZE, &limit);
  const rlimit small{10000, limit.rlim_max};
  signal(SIGXFSZ, SIG_IGN);
  setrlimit(RLIMIT_FSIZE, &small);  // like a full disk: write() fails with EFBIG
  Checkpoint later = full(100000);
  later.run.step = 4;
  check_fails([&] { write_checkpoint(f.file, later, backend()); }, ErrorKind::storage, {f.file.string()});
  setrlimit(RLIMIT_FSIZE, &limit);
  CHECK(read_checkpoint(f.file).run.step == 3);
  CHECK(std::distance(fs::directory_iterator(f.path), {}) == 1);
}

TEST_CASE(
    "Checkpoint: a writer that is killed at any moment leaves a complete file, at least as new as the last saved one") {
  const Folder f;
  Random random({.seed = 7});
  int half_written = 0;
  for (int repetition = 0; repetition < 40; ++repetition) {
    int saved[2];
    REQUIRE(pipe(saved) == 0);
    const pid_t child = fork();
    if (child == 0) {
      Checkpoint c = full(250000);
      for (Index step = 1;; ++step) {
        c.run.step = step;
        c.learner[0].tensor.data<float>()[100000] = static_cast<float>(step);
        write_checkpoint(f.file, c, backend());
        if (::write(saved[1], &step, sizeof step) != sizeof step) _exit(1);
      }
    }
    Index last = 0;
    REQUIRE(read(saved[0], &last, sizeof last) == sizeof last);  // the first file exists
    const auto death = std::chrono::steady_clock::now() +
                       std::chrono::microseconds(static_cast<Index>(random.uniform() * 15000));  // during a later write
    while (std::chrono::steady_clock::now() < death) std::this_thread::yield();
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    close(saved[1]);
    while (read(saved[0], &last, sizeof last) == sizeof last) continue;
    close(saved[0]);
    const Checkpoint r = read_checkpoint(f.file);
    CHECK(r.run.step >= last);
    CHECK(r.run.step <= last + 1);
    const auto values = std::ranges::find(r.learner, "values", &NamedTensor::name);
    REQUIRE(values != r.learner.end());
    CHECK(values->tensor.data<float>()[100000] == static_cast<float>(r.run.step));
    for (const auto& entry : fs::directory_iterator(f.path))
      if (entry.path() != f.file) half_written += fs::remove(entry.path());
  }
  CHECK(half_written > 0);  // otherwise no kill happened during a write
}
