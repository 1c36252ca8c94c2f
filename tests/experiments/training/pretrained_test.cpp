// SPDX-License-Identifier: Apache-2.0
// Weights to start from: they arrive bit for bit whatever the format, and no difference between file and network is
// ignored in silence.
#include "experiments/training/pretrained.h"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <cmath>

#include "data/files/digest.h"
#include "data/formats/hdf5_file.h"
#include "data/formats/weights_file.h"
#include "experiments/record/model_file.h"
#include "losses/dynlocrep.h"
#include "tests/data/formats/raw_h5.h"
#include "tests/experiments/runner/tiny_run.h"
#include "tests/support/thrown.h"

using namespace cg;
using cg::test::check_fails;
using cg::test::TemporaryFile;
using cg::test::workplace;
namespace fs = std::filesystem;

namespace {

const ModelOptions network = {.channels = 1, .width = 2, .embedding = 8};

/// A network of this kind with random weights; running statistics are random too.
struct Made {
  static LearnerOptions options(std::uint64_t seed) {
    LearnerOptions o;
    o.model = network;
    o.seed = seed;
    return o;
  }
  HostBackend backend;
  Learner learner;
  explicit Made(std::uint64_t seed) : learner(backend, options(seed), make_loss<DynLocRep>()) {
    double value = 0.5;
    for (Parameter* p : learner.model().parameters())
      if (!p->trained) {
        std::vector<double> values(static_cast<std::size_t>(count(p->shape)));
        for (double& v : values) v = static_cast<double>(static_cast<float>(value += 0.01));
        learner.parameters().write(*p, values);
      }
  }
};

/// A network's arrays as a file has them, to be changed.
std::map<std::string, NamedArray> arrays_of(const std::string& path) {
  std::map<std::string, NamedArray> out;
  for (NamedArray& a : read_weights(path, test::contents(path), {[](const auto&) { return true; }, 1 << 20}).arrays)
    out[a.name] = std::move(a);
  return out;
}

void write(const std::string& path, const std::map<std::string, NamedArray>& arrays) {
  std::vector<NamedArray> list;
  for (const auto& entry : arrays) list.push_back(entry.second);
  std::ofstream(path, std::ios::binary) << weights_bytes(weights_format(path), list, {});
}

}  // namespace

TEST_CASE("Pretrained: all weights and statistics come from the file bit for bit, from HDF5 as from safetensors") {
  Made source(3);
  for (const Parameter* p : source.learner.model().parameters()) {
    Parameter& statistic = source.learner.parameters().find(p->name);
    if (!p->trained) source.learner.parameters().write(statistic, std::vector<double>(count(p->shape), 0.75));
  }
  for (const char* name : {"w.h5", "w.hdf5", "w.safetensors"}) {
    CAPTURE(name);
    const TemporaryFile file(name);
    write_model(file.path, source.learner);
    const Pretrained weights = read_pretrained({file.path, {}}, network);
    CHECK(weights.digest == sha256(test::contents(file.path)));
    CHECK(weights.missing.empty());
    CHECK(weights.unexpected.empty());  // the counters of batches are ignored
    Made other(4);
    start_from(weights, other.learner.parameters());
    for (const Parameter* p : source.learner.model().parameters()) {
      CAPTURE(p->name);
      CHECK(other.learner.parameters().read(other.learner.parameters().find(p->name)) ==
            source.learner.parameters().read(*p));
    }
  }
}

TEST_CASE(
    "Pretrained: arrays that are missing, unknown or of another shape are errors, unless allow_missing lists them") {
  const TemporaryFile file("differs.safetensors");
  Made source(3);
  write_model(file.path, source.learner);
  auto arrays = arrays_of(file.path);
  for (const char* name : {"head.0.weight", "head.0.bias"}) arrays.erase(name);
  arrays["head.2.weight"] = {"head.2.weight", {4, 16}, std::vector<float>(64, 1)};
  arrays["classifier.weight"] = {"classifier.weight", {2}, {1, 2}};
  write(file.path, arrays);
  const auto read = [&](const std::vector<std::string>& exceptions) {
    return read_pretrained({file.path, exceptions}, network);
  };
  check_fails([&] { read({}); }, ErrorKind::data,
              {file.path, "missing in the file: head.0.bias, head.0.weight",
               "another shape: head.2.weight [4, 16] instead of [8, 16]", "unexpected in the file: classifier.weight",
               "pretrained.allow_missing"});
  check_fails([&] { read({"head"}); }, ErrorKind::data, {"unexpected in the file: classifier.weight"});
  check_fails([&] { read({"head.0", "classifier"}); }, ErrorKind::data, {"another shape: head.2.weight"});
  check_fails([&] { read({"hea", "classifier.weight"}); }, ErrorKind::usage, {"\"hea\" matches no name"});
  const Pretrained weights = read({"head.", "classifier.weight"});
  CHECK(weights.missing == std::vector<std::string>{"head.0.bias", "head.0.weight"});
  CHECK(weights.values.contains("head.2.bias"));
  CHECK_FALSE(weights.values.contains("head.2.weight"));
  for (const char* words : {weights.digest.c_str(), "missing, left at random values: head.0.bias, head.0.weight",
                            "head.2.weight [4, 16] instead of [8, 16]", "unexpected, not used: classifier.weight"}) {
    CAPTURE(words);
    CHECK(to_string(weights).find(words) != std::string::npos);
  }
  Made other(4), untouched(4);
  start_from(weights, other.learner.parameters());
  const auto values = [](Made& made, const char* name) {
    return made.learner.parameters().read(made.learner.parameters().find(name));
  };
  CHECK(values(other, "head.0.weight") == values(untouched, "head.0.weight"));
  CHECK(values(other, "encoder.conv1.weight") == values(source, "encoder.conv1.weight"));
}

TEST_CASE("Pretrained: one prefix of all names is taken off and reported; a prefix of some is not") {
  const TemporaryFile file("w.safetensors"), other("p.safetensors");
  Made source(3);
  write_model(file.path, source.learner);
  const Pretrained plain = read_pretrained({file.path, {}}, network);
  CHECK(plain.prefix.empty());
  CHECK(to_string(plain).find("taken off") == std::string::npos);
  for (const std::string prefix :
       {"module.", "_orig_mod.", "module._orig_mod.", "model.", "net.encoder.", "module.module."}) {
    CAPTURE(prefix);
    std::map<std::string, NamedArray> arrays;
    for (auto& [name, array] : arrays_of(file.path)) {
      array.name = prefix + name;
      arrays[array.name] = std::move(array);
    }
    write(other.path, arrays);
    const Pretrained weights = read_pretrained({other.path, {}}, network);
    CHECK(weights.values == plain.values);
    CHECK(weights.prefix == prefix);
    CHECK(to_string(weights).find("\"" + prefix + "\" was taken off all names") != std::string::npos);
    arrays["extra"] = {"extra", {1}, {1}};  // without the prefix: nothing is guessed
    write(other.path, arrays);
    check_fails([&] { read_pretrained({other.path, {}}, network); }, ErrorKind::data, {"0 names match"});
  }
}

TEST_CASE("Pretrained: weights that are not finite and other files are refused; the content decides, not the name") {
  const TemporaryFile file("bad.h5"), text("text.pth"), archive("archive.h5"), named("weights.bin");
  Made source(3);
  write_model(file.path, source.learner);
  auto arrays = arrays_of(file.path);
  arrays["encoder.bn1.running_var"].values[1] = NAN;
  write(file.path, arrays);
  check_fails(
      [&] {
        read_pretrained({file.path, {}}, network);
      },
      ErrorKind::data, {"1 values of \"encoder.bn1.running_var\""});
  check_fails([&] { read_pretrained({"/nowhere/w.h5", {}}, network); }, ErrorKind::data, {"/nowhere/w.h5", "no such"});
  std::ofstream(text.path) << "a text";
  check_fails(
      [&] {
        read_pretrained({text.path, {}}, network);
      },
      ErrorKind::data, {"text.pth", "not weights in HDF5 or safetensors"});
  std::ofstream(archive.path) << "PK\x03\x04 of PyTorch";
  check_fails([&] { read_pretrained({archive.path, {}}, network); }, ErrorKind::data, {"convert_pth.py"});
  write_model(file.path, source.learner);
  fs::copy_file(file.path, named.path, fs::copy_options::overwrite_existing);
  CHECK(read_pretrained({named.path, {}}, network).values == read_pretrained({file.path, {}}, network).values);
  const std::string folder = fs::temp_directory_path().string() + "/cg-folder.h5";
  fs::create_directory(folder);
  check_fails([&] { read_pretrained({folder, {}}, network); }, ErrorKind::data, {"expected a file"});
  fs::remove(folder);
  const std::string pipe = fs::temp_directory_path().string() + "/cg-pipe.h5";
  REQUIRE(mkfifo(pipe.c_str(), 0600) == 0);
  check_fails([&] { read_pretrained({pipe, {}}, network); }, ErrorKind::data, {"expected a plain file"});
  fs::remove(pipe);
}

namespace {

using namespace cg::test;

/// A training whose steps change no weight: what the model file holds is what it started from.
Result run_still(const std::string& out, const std::string& more) {
  return run_tiny(out, "train.epochs=2 train.learning_rate=1e-30 train.weight_decay=0 " + more);
}

std::vector<double> trained(const std::string& out, const std::string& name) {
  return H5Reader(workplace().folder + "/" + out).numbers(name);
}

const std::string& first_model() {
  static const std::string path = [] {
    const Result result = run_tiny("source", "seeds=0 train.epochs=2");
    REQUIRE_MESSAGE(result.code == 0, result.text);
    return workplace().folder + "/source/model.h5";
  }();
  return path;
}

}  // namespace

TEST_CASE("a run: every seed starts from pretrained.weights, and the run names the file") {
  const Result result = run_still("tuned", "seeds=0,1 pretrained.weights=" + first_model());
  REQUIRE_MESSAGE(result.code == 0, result.text);
  const std::string digest = sha256(contents(first_model()));
  CHECK(result.text.find(digest) != std::string::npos);
  CHECK(result.text.find("104 of the network's 104 names matched") != std::string::npos);
  CHECK(result.text.find("unexpected, not used: none") != std::string::npos);
  CHECK(summary("tuned")["pretrained_sha256"] == digest);
  for (const char* name : {"encoder.conv1.weight", "encoder.layer4.1.conv2.weight", "head.2.bias"})
    for (const char* model : {"tuned/model-seed0.h5", "tuned/model-seed1.h5"}) {
      CAPTURE(name);
      CHECK(trained(model, name) == H5Reader(first_model()).numbers(name));
    }
  const Result scratch = run_still("scratch", "seeds=0");
  REQUIRE(scratch.code == 0);
  CHECK(trained("scratch/model.h5", "head.2.bias") != H5Reader(first_model()).numbers("head.2.bias"));
  CHECK_FALSE(summary("scratch").contains("pretrained_sha256"));
}

TEST_CASE("a run: --check reads the weights, and weights that do not fit leave no run folder") {
  const Result good = run_tiny("unmade", "--check pretrained.weights=" + first_model());
  CHECK(good.code == 0);
  CHECK(good.text.find(sha256(contents(first_model()))) != std::string::npos);
  check_fails(run_tiny("unmade", "model.projection=false pretrained.weights=" + first_model()), 3,
              {"unexpected in the file: head.0.bias, head.0.weight, head.2.bias, head.2.weight"});
  CHECK(run_tiny("headless", "train.epochs=2 model.projection=false pretrained.allow_missing=head pretrained.weights=" +
                                 first_model())
            .code == 0);
  check_fails(run_tiny("unmade", "pretrained.weights=nowhere.h5"), 3, {"nowhere.h5", "no such file"});
  check_fails(run_tiny("unmade", "pretrained.allow_missing=head"), 2, {"set pretrained.weights too"});
  const std::string hostile = workplace().folder + "/hostile.h5";
  fs::copy_file(first_model(), hostile, fs::copy_options::overwrite_existing);
  {
    const hid_t file = H5Fopen(hostile.c_str(), H5F_ACC_RDWR, H5P_DEFAULT);
    REQUIRE(H5Ldelete(file, "head.2.bias", H5P_DEFAULT) >= 0);
    REQUIRE(H5Lcreate_external(first_model().c_str(), "head.2.bias", file, "head.2.bias", H5P_DEFAULT, H5P_DEFAULT) >=
            0);
    H5Fclose(file);
  }
  check_fails(run_tiny("unmade", "pretrained.weights=" + hostile), 4, {"hostile.h5", "head.2.bias", "another file"});
  std::ofstream(hostile, std::ios::binary | std::ios::trunc) << contents(first_model()).substr(0, 5000);
  check_fails(run_tiny("unmade", "pretrained.weights=" + hostile), 4, {"hostile.h5"});
  CHECK_FALSE(fs::exists(workplace().folder + "/unmade"));
}
