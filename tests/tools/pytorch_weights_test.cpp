// SPDX-License-Identifier: Apache-2.0
// Weights from PyTorch and back. A checkpoint with the published structure, created by PyTorch, gives all weights
// to the bit and the same features. Our weights in the same network in PyTorch give our features.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cmath>

#include "data/formats/hdf5_file.h"
#include "experiments/record/model_file.h"
#include "experiments/training/pretrained.h"
#include "layers/file_order.h"
#include "losses/dynlocrep.h"
#include "tests/support/program.h"

using namespace cg;
using namespace cg::test;

namespace {

const std::string python = "/usr/bin/python3";  // Debian's Python, which has the packages

bool pytorch_is_there() {
  static const bool there = shell(python + " -c 'import torch, h5py' 2>/dev/null").code == 0;
  if (!there)
    MESSAGE(
        "[skipped: Debian's python3-torch and python3-h5py are not installed; tools/install_dependencies.sh --tests]");
  return there;
}

void run(const std::string& command) {
  const Finished finished = shell(command + " 2>&1");
  REQUIRE_MESSAGE(finished.code == 0, finished.text);
}

std::string script(const std::string& arguments) {
  return fmt::format("PYTHONDONTWRITEBYTECODE=1 {} '{}/tests/tools/published_checkpoint.py' {}", python, CG_TEST_SOURCE,
                     arguments);
}

/// A published checkpoint, created once.
const TestFolder& published() {
  static const TestFolder folder;
  static const bool created = [] {
    run(script("make " + folder.path()));
    return true;
  }();
  REQUIRE(created);
  return folder;
}

std::string convert(const std::string& name) {
  const std::string to = published().path() + "/" + name;
  run(fmt::format("{} '{}/tools/convert_pth.py' {}/published.pth {}", python, CG_TEST_SOURCE, published().path(), to));
  return to;
}

/// The published network for volumes of the test.
struct Published {
  std::unique_ptr<Backend> backend = make_cpu_backend();
  Learner learner;
  explicit Published(const Shape& volumes) : learner(*backend, options(volumes), make_loss<DynLocRep>()) {}
  static LearnerOptions options(const Shape& volumes) {
    LearnerOptions o;
    o.volume = {volumes[2], volumes[3], volumes[4]};
    o.seed = 5;
    return o;
  }
  Encoded encode(const std::vector<double>& values, Shape shape) {
    shape = {shape[0], shape[2], shape[3], shape[4], 1};  // one channel: first or last axis is the same
    const Tensor volumes = HostBackend().tensor({shape, DType::f32});
    std::ranges::copy(std::vector<float>(values.begin(), values.end()), volumes.data<float>().begin());
    return learner.encode(volumes);
  }
};

double relative_difference(const std::vector<double>& a, const std::vector<double>& b) {
  REQUIRE(a.size() == b.size());
  double difference = 0, size = 0;
  for (std::size_t k = 0; k < a.size(); ++k) {
    difference += (a[k] - b[k]) * (a[k] - b[k]);
    size += b[k] * b[k];
  }
  return std::sqrt(difference / size);
}

}  // namespace

TEST_CASE("convert_pth: a published checkpoint gives bit-equal weights and equal features") {
  if (!pytorch_is_there()) return;
  const H5Reader expected(published().path() + "/expected.h5");
  const Shape shape = expected.shape("volumes");
  for (const char* name : {"weights.safetensors", "weights.h5"}) {
    CAPTURE(name);
    const Pretrained weights = read_pretrained({convert(name), {}}, ModelOptions());
    CHECK(weights.values.size() == 104);
    CHECK(weights.unexpected.empty());
    Published network(shape);
    start_from(weights, network.learner.parameters());
    for (const Parameter* p : network.learner.model().parameters()) {
      CAPTURE(p->name);
      const auto ours = to_file_order(p->shape, network.learner.parameters().read(*p));
      REQUIRE(ours == expected.numbers("state/" + p->name));
    }
    const Encoded encoded = network.encode(expected.numbers("volumes"), shape);
    CHECK(relative_difference(encoded.features, expected.numbers("features")) <
          1e-5);  // float32, different order of sums
    CHECK(relative_difference(encoded.embeddings, expected.numbers("embeddings")) < 1e-5);
  }
}

TEST_CASE("weights: a file of this engine gives the same features in PyTorch") {
  if (!pytorch_is_there()) return;
  const H5Reader expected(published().path() + "/expected.h5");
  const Shape shape = expected.shape("volumes");
  const std::vector<double> volumes = expected.numbers("volumes");
  Published network(shape);  // random weights
  const std::string weights = published().path() + "/ours.safetensors", features = published().path() + "/ours.h5";
  const Encoded encoded = network.encode(volumes, shape);
  write_model(weights, network.learner);
  {
    H5Writer file(features);
    file.numbers("volumes", shape, volumes);
    file.floats("features", {shape[0], 512}, std::vector<float>(encoded.features.begin(), encoded.features.end()));
    file.floats("embeddings", {shape[0], 128},
                std::vector<float>(encoded.embeddings.begin(), encoded.embeddings.end()));
    file.commit();
  }
  run(script(fmt::format("check {} {}", weights, features)));
}
