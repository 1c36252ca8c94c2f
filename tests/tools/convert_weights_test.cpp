// SPDX-License-Identifier: Apache-2.0
// convert_weights as a user runs it: the formats keep all data, and bad files give their exit codes.
#include <doctest/doctest.h>

#include <fstream>

#include "data/formats/hdf5_file.h"
#include "data/formats/weights_file.h"
#include "tests/support/program.h"

using namespace cg;
using namespace cg::test;

namespace {

struct Place {
  TestFolder folder;
  std::string file(const std::string& name) const { return folder.path() + "/" + name; }
  void write(const std::string& name, const std::string& bytes) const {
    std::ofstream(file(name), std::ios::binary) << bytes;
  }
  Finished run(const std::string& arguments) const { return run_program(folder.path(), "convert_weights", arguments); }
};

std::string example(WeightsFormat format) {
  return weights_bytes(format,
                       {{"encoder.conv1.weight", {2, 1, 2, 1, 1}, {1, 2, -3, 4e-20f}},
                        {"encoder.bn1.num_batches_tracked", {}, {}, {{16777217}}}},
                       {{"width", "2"}, {"long", std::string(3000, 'x')}});
}

}  // namespace

TEST_CASE("convert_weights: to safetensors and back, numbers, names, shapes, counters and texts are the same") {
  const Place place;
  place.write("a.h5", example(WeightsFormat::hdf5));
  const Finished there = place.run("a.h5 b.safetensors");
  REQUIRE_MESSAGE(there.code == 0, there.text);
  CHECK(there.says("2 arrays, SHA-256 "));
  REQUIRE(place.run("b.safetensors c.h5").code == 0);
  REQUIRE(place.run("c.h5 d.safetensors").code == 0);
  CHECK(place.folder.read("b.safetensors") == place.folder.read("d.safetensors"));
  CHECK(place.folder.read("b.safetensors") == example(WeightsFormat::safetensors));
  const H5Reader file(place.file("c.h5"));
  CHECK(file.numbers("encoder.conv1.weight") == std::vector<double>{1, 2, -3, static_cast<double>(4e-20f)});
  CHECK(file.shape("encoder.conv1.weight") == Shape{2, 1, 2, 1, 1});
  CHECK(file.numbers("encoder.bn1.num_batches_tracked") == std::vector<double>{16777217});  // 2²⁴ + 1
  CHECK(file.number_attribute("width") == 2);
}

TEST_CASE("convert_weights: --list prints the content and writes nothing") {
  const Place place;
  place.write("a.safetensors", example(WeightsFormat::safetensors));
  const Finished list = place.run("a.safetensors --list");
  CHECK(list.code == 0);
  for (const char* words : {"SHA-256 ", "encoder.conv1.weight", "[2, 1, 2, 1, 1]", "width = 2"})
    CHECK(list.says(words));
}

TEST_CASE("convert_weights: a wrong command line, a bad file and a missing folder give their exit codes") {
  const Place place;
  place.write("a.safetensors", example(WeightsFormat::safetensors));
  place.write("cut.h5", example(WeightsFormat::hdf5).substr(0, 3000));
  place.write("text.h5", "no HDF5");
  place.write("short.safetensors", "x");
  CHECK(place.run("").code == 2);
  CHECK(place.run("a.safetensors").code == 2);
  CHECK(place.run("a.safetensors a.npz").code == 2);
  place.write("a.pth", example(WeightsFormat::safetensors));  // the content decides
  CHECK(place.run("a.pth from-pth.h5").code == 0);
  CHECK(place.run("a.safetensors b.pth").code == 2);
  place.write("text.pth", "a text");
  CHECK(place.run("text.pth c.h5").code == 3);
  CHECK(place.run("none.h5 b.h5").code == 3);
  for (const char* file : {"cut.h5", "text.h5", "short.safetensors"}) {
    CAPTURE(file);
    const Finished refused = place.run(std::string(file) + " b.h5");
    CHECK(refused.code == 4);
    CHECK(refused.says(file));
  }
  CHECK(place.run("a.safetensors nowhere/b.h5").code == 8);
}
