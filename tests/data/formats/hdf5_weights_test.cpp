// SPDX-License-Identifier: Apache-2.0
// Weights in HDF5: files of other programs are read, damaged or malicious files are refused without reading another
// file, a crash or much memory.
#include "data/formats/hdf5_weights.h"

#include <doctest/doctest.h>

#include <fstream>
#include <random>

#include "data/files/input_file.h"
#include "tests/data/formats/raw_h5.h"
#include "tests/support/thrown.h"

using namespace cg;
using namespace cg::test;

namespace {

const WeightsRequest everything{[](const ArrayHeader&) { return true; }, Index{1} << 20};

WeightsFile read_file(const std::string& path, const WeightsRequest& request = everything) {
  return read_hdf5_weights(path, read_input(path, most_weights_bytes), request);
}

void check_refused(const std::string& path, const std::vector<std::string>& words) {
  check_fails([&] { read_file(path); }, ErrorKind::corrupt, words);
}

const NamedArray& find(const WeightsFile& file, const std::string& name) {
  for (const NamedArray& array : file.arrays)
    if (array.name == name) return array;
  FAIL("not read: " << name);
  return file.arrays[0];
}

/// A dataset of `shape` with these creation properties, without data.
void make_dataset(hid_t file, const char* name, const std::vector<hsize_t>& shape, hid_t properties,
                  hid_t type = H5T_IEEE_F32LE) {
  const hid_t space = H5Screate_simple(static_cast<int>(shape.size()), shape.data(), nullptr);
  const hid_t created = H5Dcreate2(file, name, type, space, H5P_DEFAULT, properties, H5P_DEFAULT);
  REQUIRE(created >= 0);
  H5Dclose(created);
  H5Sclose(space);
}

/// A filter that only this process knows.
std::size_t pass_on(unsigned, std::size_t, const unsigned*, std::size_t bytes, std::size_t*, void**) { return bytes; }

}  // namespace

TEST_CASE("HDF5 weights: arrays, counters and texts are read back unchanged") {
  const std::vector<NamedArray> arrays = {{"a.weight", {2, 1, 3}, {1, -2.5f, 0, 1e-30f, 3, 4}},
                                          {"b.bias", {2}, {5, 6}}};
  Texts texts = {{"width", "64"}, {"format", "some-format"}, {"long", std::string(5000, 'x')}};
  const std::string bytes = write_hdf5_weights(arrays, texts);
  const WeightsFile file = read_hdf5_weights("x.h5", bytes, everything);
  Texts read = file.texts;
  CHECK(read.erase("sha256sums") == 1);  // compared in read_weights
  CHECK(read == texts);
  CHECK(file.unread.empty());
  REQUIRE(file.arrays.size() == 2);
  for (std::size_t k = 0; k < 2; ++k) {
    CHECK(file.arrays[k].name == arrays[k].name);
    CHECK(file.arrays[k].shape == arrays[k].shape);
    CHECK(file.arrays[k].values == arrays[k].values);
  }
}

TEST_CASE("HDF5 weights: any number type, chunks, gzip and groups are read; unwanted arrays are only listed") {
  const TemporaryFile file("types.h5");
  {
    RawFile raw(file.path);
    raw.numbers("f64", {2, 2}, {1, 2, 3, 4.5});
    raw.numbers("group/f32", {3}, {1, 2, 3}, {{2}, 6, H5T_IEEE_F32BE});
    raw.numbers("count", {}, {9007199254740991}, {{}, 0, H5T_STD_I64LE});
    raw.numbers("other", {2}, {1, 2}, {{}, 0, H5T_STD_I16BE});
    const hid_t half = H5Tcopy(H5T_IEEE_F32LE);
    H5Tset_fields(half, 15, 10, 5, 0, 10);
    H5Tset_size(half, 2);
    H5Tset_ebias(half, 15);
    raw.numbers("f16", {2}, {1.5, -2}, {{}, 0, half});
    H5Tclose(half);
    raw.texts("ids", {"a", "b"});
    raw.texts("note", {"one text"});
    raw.attribute("width", {4});
    raw.text_attribute("format", {"theirs"});
    raw.attribute("three", {1, 2, 3});
  }
  const WeightsFile out = read_file(
      file.path, {[](const ArrayHeader& a) { return a.name != "other" && a.name != "ids" && a.name != "note"; }, 1000});
  CHECK(find(out, "f64").values == std::vector<float>{1, 2, 3, 4.5f});
  CHECK(find(out, "f64").shape == Shape{2, 2});
  CHECK(find(out, "group/f32").values == std::vector<float>{1, 2, 3});
  CHECK(find(out, "f16").values == std::vector<float>{1.5f, -2});
  CHECK(find(out, "count").values.empty());
  CHECK(find(out, "count").counts == std::vector<Index>{(Index{1} << 53) - 1});  // a float32 cannot hold it
  CHECK_FALSE(find(out, "f64").counts.has_value());
  CHECK(out.texts == Texts{{"width", "4"}, {"format", "theirs"}, {"note", "one text"}});
  CHECK(out.unread == std::vector<ArrayHeader>{{"ids", {2}, ""}, {"other", {2}, "I16"}});
}

TEST_CASE("HDF5 weights: a file that refers to another file is refused, and the other file is not read") {
  const TemporaryFile file("outside.h5"), other("other.h5"), bytes("bytes.bin");
  RawFile(other.path).numbers("secret", {2}, {1, 2});
  std::ofstream(bytes.path) << std::string(16, 'x');
  const auto with = [&](const std::function<void(hid_t)>& add) {
    RawFile raw(file.path);
    raw.numbers("a", {2}, {1, 2});
    add(raw.id());
  };
  with([&](hid_t id) { H5Lcreate_external(other.path.c_str(), "secret", id, "linked", H5P_DEFAULT, H5P_DEFAULT); });
  check_refused(file.path, {file.path, "linked", "another file"});
  with([&](hid_t id) { H5Lcreate_soft("/a", id, "soft", H5P_DEFAULT, H5P_DEFAULT); });
  check_refused(file.path, {"soft", "another name"});
  with([&](hid_t id) {
    const H5L_class_t own{
        .version = H5L_LINK_CLASS_T_VERS,
        .id = static_cast<H5L_type_t>(H5L_TYPE_UD_MIN + 30),
        .comment = nullptr,
        .create_func = nullptr,
        .move_func = nullptr,
        .copy_func = nullptr,
        .trav_func = [](const char*, hid_t, const void*, size_t, hid_t, hid_t) -> hid_t { return -1; },
        .del_func = nullptr,
        .query_func = nullptr};
    REQUIRE(H5Lregister(&own) >= 0);
    REQUIRE(H5Lcreate_ud(id, "own", own.id, "x", 1, H5P_DEFAULT, H5P_DEFAULT) >= 0);
    H5Lunregister(own.id);
  });
  check_refused(file.path, {"own", "user-defined type"});
  with([&](hid_t id) {
    const hid_t properties = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_external(properties, bytes.path.c_str(), 0, 16);
    make_dataset(id, "external", {4}, properties);
    H5Pclose(properties);
  });
  check_refused(file.path, {"external", "another file"});
  with([&](hid_t id) {
    const hsize_t two = 2;
    const hid_t properties = H5Pcreate(H5P_DATASET_CREATE), space = H5Screate_simple(1, &two, nullptr);
    H5Pset_virtual(properties, space, other.path.c_str(), "secret", space);
    make_dataset(id, "virtual", {2}, properties);
    H5Sclose(space);
    H5Pclose(properties);
  });
  check_refused(file.path, {"virtual", "other datasets"});
}

TEST_CASE("HDF5 weights: unknown filters, types that are not numbers and missing numbers are refused") {
  const TemporaryFile file("odd.h5");
  {
    const H5Z_class2_t own{H5Z_CLASS_T_VERS, 300, 1, 1, "own", nullptr, nullptr, pass_on};
    REQUIRE(H5Zregister(&own) >= 0);
    RawFile raw(file.path);
    const hid_t properties = H5Pcreate(H5P_DATASET_CREATE);
    const hsize_t chunk = 2;
    H5Pset_chunk(properties, 1, &chunk);
    H5Pset_filter(properties, 300, 0, 0, nullptr);
    make_dataset(raw.id(), "filtered", {4}, properties);
    H5Pclose(properties);
  }
  H5Zunregister(300);
  check_refused(file.path, {"filtered", "filter 300"});
  RawFile(file.path).texts("weight", {"a", "b"});
  check_refused(file.path, {"weight", "does not contain floating-point numbers"});
  {
    RawFile raw(file.path);
    const hid_t compound = H5Tcreate(H5T_COMPOUND, 8);
    H5Tinsert(compound, "re", 0, H5T_IEEE_F32LE);
    make_dataset(raw.id(), "complex", {2}, H5P_DEFAULT, compound);
    H5Tclose(compound);
  }
  check_refused(file.path, {"complex", "does not contain floating-point numbers"});
  RawFile(file.path).unwritten("empty", {2});
  check_refused(file.path, {"empty", "no data"});
  {
    RawFile raw(file.path);
    const hid_t properties = H5Pcreate(H5P_DATASET_CREATE);
    const hsize_t two = 2, four = 4, zero = 0;
    H5Pset_chunk(properties, 1, &two);
    make_dataset(raw.id(), "half", {4}, properties);
    H5Pclose(properties);
    const hid_t half = H5Dopen2(raw.id(), "half", H5P_DEFAULT), space = H5Screate_simple(1, &four, nullptr),
                memory = H5Screate_simple(1, &two, nullptr);
    H5Sselect_hyperslab(space, H5S_SELECT_SET, &zero, nullptr, &two, nullptr);
    const std::vector<double> values = {1, 2};
    REQUIRE(H5Dwrite(half, H5T_NATIVE_DOUBLE, memory, space, H5P_DEFAULT, values.data()) >= 0);
    H5Sclose(memory);
    H5Sclose(space);
    H5Dclose(half);
  }
  check_refused(file.path, {"half", "or only a part"});
  {
    RawFile raw(file.path);
    raw.unwritten("tensor", {hsize_t{1} << 19, hsize_t{1} << 19}, {{1, 1024}, 0, H5T_IEEE_F32LE});  // 1 TiB
  }
  CHECK(std::filesystem::file_size(file.path) < 10000);
  check_refused(file.path, {"tensor", "needs more memory"});
  {
    RawFile raw(file.path);
    const std::vector<hsize_t> shape = {hsize_t{1} << 32, hsize_t{1} << 31};  // 2⁶³ values
    raw.unwritten("overflow", shape, {{1, 1}, 0, H5T_IEEE_F32LE});
  }
  check_refused(file.path, {"overflow", "needs more memory"});
}

TEST_CASE("HDF5 weights: a small file that unpacks to much more than allowed is refused") {
  const TemporaryFile file("bomb.h5");
  const hsize_t values = hsize_t{1} << 23;  // 32 MB of zeros, which gzip compresses to 33 kB
  {
    RawFile raw(file.path);
    raw.numbers("zeros", {values}, std::vector<double>(values), {{values}, 9, H5T_IEEE_F32LE});
  }
  CHECK(std::filesystem::file_size(file.path) < 100000);
  check_refused(file.path, {"zeros", "needs more memory"});
}

TEST_CASE("HDF5 weights: wrong bytes, and a file that is cut at any byte, are refused as corrupt") {
  check_fails([] { read_hdf5_weights("x.h5", "not HDF5", everything); }, ErrorKind::corrupt,
              {"x.h5", "not an HDF5 file"});
  check_fails([] { read_hdf5_weights("x.h5", "", everything); }, ErrorKind::corrupt, {"x.h5"});
  const std::string bytes = write_hdf5_weights({{"a", {16, 25}, std::vector<float>(400, 1)}}, {{"width", "3"}});
  for (std::size_t size = 0; size < bytes.size(); size += bytes.size() / 41) {
    CAPTURE(size);
    check_fails([&] { read_hdf5_weights("x.h5", bytes.substr(0, size), everything); }, ErrorKind::corrupt, {"x.h5"});
  }
}

TEST_CASE("HDF5 weights: for any changed bytes this process survives, and the only result is a documented error") {
  const std::string bytes = write_hdf5_weights(
      {{"encoder.a", {4, 5}, std::vector<float>(20, 1)}, {"b", {3}, {1, 2, 3}}}, {{"width", "3"}, {"t", "text"}});
  std::mt19937 random(7);
  int refused = 0, read = 0;
  for (int k = 0; k < 600; ++k) {
    std::string changed = bytes;
    for (int changes = 1 + static_cast<int>(random() % 4); changes > 0; --changes)
      changed[random() % changed.size()] = static_cast<char>(random());
    try {
      read_hdf5_weights("x.h5", changed, everything);
      ++read;
    } catch (const Error& error) {
      CHECK(error.kind() == ErrorKind::corrupt);
      ++refused;
    }
  }
  CHECK(refused > 50);
  CHECK(read > 50);
}
