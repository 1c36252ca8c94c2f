// SPDX-License-Identifier: Apache-2.0
// safetensors: written data is read back; a malicious file is refused.
#include "data/formats/safetensors.h"

#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <cstring>

#include "tests/support/thrown.h"

using namespace cg;
using namespace cg::test;

namespace {

const WeightsRequest everything{[](const ArrayHeader&) { return true; }, Index{1} << 30};

/// A file with this header and this number of bytes of data.
std::string file_of(const std::string& header, std::size_t data_bytes = 0) {
  const std::uint64_t length = header.size();
  std::string bytes(8, '\0');
  std::memcpy(bytes.data(), &length, 8);
  return bytes + header + std::string(data_bytes, '\0');
}

std::string entry(const std::string& dtype, const std::string& shape, const std::string& offsets) {
  return R"({"dtype":")" + dtype + R"(","shape":)" + shape + R"(,"data_offsets":)" + offsets + "}";
}

/// A file with one array of this type and these bytes.
std::vector<float> read_typed(const std::string& dtype, const std::string& data, std::size_t values) {
  std::string bytes = file_of(
      R"({"a":)" + entry(dtype, "[" + std::to_string(values) + "]", "[0," + std::to_string(data.size()) + "]") + "}");
  return read_safetensors("x", bytes + data, everything).arrays.at(0).floats();
}

template <class T>
std::string raw(std::initializer_list<T> values) {
  return {reinterpret_cast<const char*>(values.begin()), values.size() * sizeof(T)};
}

}  // namespace

TEST_CASE("safetensors: arrays, counters and texts are read back unchanged, and equal content gives equal bytes") {
  const std::vector<NamedArray> arrays = {{"b.weight", {2, 1, 3}, {1, -2.5f, 0, 1e-30f, 3, 4}},
                                          {"b.num_batches_tracked", {}, {}, {{(1 << 24) + 1}}},
                                          {"a", {0}, {}}};
  const Texts texts = {{"width", "64"}, {"ž", "\"quoted\"\n"}};
  const std::string bytes = write_safetensors(arrays, texts);
  CHECK(bytes == write_safetensors(arrays, texts));
  std::uint64_t header = 0;
  std::memcpy(&header, bytes.data(), 8);
  CHECK(header % 8 == 0);
  const WeightsFile file = read_safetensors("x", bytes, everything);
  CHECK(file.texts == texts);
  REQUIRE(file.arrays.size() == 3);
  for (const NamedArray& array : file.arrays) {
    CAPTURE(array.name);
    const NamedArray& written = arrays[array.name[0] == 'a' ? 2 : array.counts ? 1 : 0];
    CHECK(array.name == written.name);
    CHECK(array.shape == written.shape);
    CHECK(array.values == written.values);
    CHECK(array.counts == written.counts);
  }
}

TEST_CASE("safetensors: unwanted arrays are listed and not read") {
  const std::string bytes = write_safetensors({{"a", {2}, {1, 2}}, {"b", {1}, {3}}}, {});
  const WeightsFile file = read_safetensors("x", bytes, {[](const ArrayHeader& a) { return a.name == "b"; }, 4});
  CHECK(file.unread == std::vector<ArrayHeader>{{"a", {2}, "F32"}});
  REQUIRE(file.arrays.size() == 1);
  CHECK(file.arrays[0].values == std::vector<float>{3});
  check_fails(
      [&] {
        read_safetensors("x", bytes, {everything.wants, 8});
      },
      ErrorKind::corrupt, {"x", "needs more memory"});
}

TEST_CASE("safetensors: all types of numbers become float32") {
  CHECK(read_typed("F64", raw<double>({0.1, -3}), 2) == std::vector<float>{0.1f, -3});
  CHECK(read_typed("BF16", raw<std::uint16_t>({0x3F80, 0xC040}), 2) == std::vector<float>{1, -3});
  CHECK(read_typed("I64", raw<std::int64_t>({-5}), 1) == std::vector<float>{-5});
  CHECK(read_typed("I32", raw<std::int32_t>({-5}), 1) == std::vector<float>{-5});
  CHECK(read_typed("I16", raw<std::int16_t>({-5}), 1) == std::vector<float>{-5});
  CHECK(read_typed("I8", raw<std::int8_t>({-5}), 1) == std::vector<float>{-5});
  CHECK(read_typed("U64", raw<std::uint64_t>({5}), 1) == std::vector<float>{5});
  CHECK(read_typed("U32", raw<std::uint32_t>({5}), 1) == std::vector<float>{5});
  CHECK(read_typed("U16", raw<std::uint16_t>({5}), 1) == std::vector<float>{5});
  CHECK(read_typed("BOOL", raw<std::uint8_t>({1, 0}), 2) == std::vector<float>{1, 0});
  // 1, −2, the largest, the smallest normal, the smallest subnormal, −0, infinity
  const auto halves =
      read_typed("F16", raw<std::uint16_t>({0x3C00, 0xC000, 0x7BFF, 0x0400, 0x0001, 0x8000, 0x7C00}), 7);
  CHECK(halves == std::vector<float>{1, -2, 65504, 0x1p-14f, 0x1p-24f, -0.0f, INFINITY});
  CHECK(std::signbit(halves[5]));
  CHECK(std::isnan(read_typed("F16", raw<std::uint16_t>({0x7E00}), 1)[0]));
}

TEST_CASE("safetensors: headers with false claims are refused") {
  struct Case {
    std::string bytes;
    std::string word;
  };
  const std::string huge = "[1099511627776,1099511627776,1099511627776]";
  const std::vector<Case> cases = {
      {"", "shorter"},
      {"1234567", "shorter"},
      {std::string(8, '\xff'), "header"},                       // 2⁶⁴ − 1 bytes of header
      {std::string("\0\0\0\0\0\0\x01\0", 8) + "{}", "header"},  // more than the file
      {file_of(""), "JSON"},
      {file_of("[]"), "JSON"},
      {file_of("{\"a\":"), "JSON"},
      {file_of("{\"\xff\":1}"), "JSON"},
      {file_of(R"({"a":1})"), "expected dtype"},
      {file_of(R"({"a":{"dtype":"F32","shape":[1]}})", 4), "expected dtype"},
      {file_of(R"({"a":{"dtype":5,"shape":[1],"data_offsets":[0,4]}})", 4), "dtype must"},
      {file_of(R"({"a":)" + entry("F31", "[1]", "[0,4]") + "}", 4), "unknown type"},
      {file_of(R"({"a":)" + entry("F32", "[1]", "[0,8]") + "}", 8), "not fit shape"},
      {file_of(R"({"a":)" + entry("F32", "[2]", "[0,4]") + "}", 4), "not fit shape"},
      {file_of(R"({"a":)" + entry("F32", "[1]", "[4,0]") + "}", 4), "not fit shape"},
      {file_of(R"({"a":)" + entry("F32", "[1]", "[0,4]") + "}", 3), "not fit shape"},  // cut
      {file_of(R"({"a":)" + entry("F32", huge, "[0,4]") + "}", 4), "not fit shape"},   // 2¹²⁰ values
      {file_of(R"({"a":)" + entry("F32", "[4294967296,4294967296]", "[0,0]") + "}"), "not fit shape"},  // 2⁶⁴ = 0
      {file_of(R"({"a":)" + entry("F32", "[-1]", "[0,4]") + "}", 4), "not a size"},
      {file_of(R"({"a":)" + entry("F32", "[1.0]", "[0,4]") + "}", 4), "not a size"},
      {file_of(R"({"a":)" + entry("F32", "[1]", "[0,18446744073709551615]") + "}", 4), "not a size"},
      {file_of(R"({"a":)" + entry("F32", "[1]", "[0,4]") + R"(,"b":)" + entry("F32", "[1]", "[0,4]") + "}", 4),
       "begins"},
      {file_of(R"({"a":)" + entry("F32", "[1]", "[4,8]") + "}", 8), "begins"},
      {file_of(R"({"a":)" + entry("F32", "[1]", "[0,4]") + "}", 8), "do not belong to an array"},
      {file_of(R"({"a":)" + entry("F32", "[1]", "[0,4]") + R"(,"a":)" + entry("F32", "[1]", "[0,4]") + "}", 4),
       "twice"},
      {file_of(R"({"a":{"dtype":"F32","dtype":"F32","shape":[1],"data_offsets":[0,4]}})", 4), "twice"},
      {file_of(R"({"__metadata__":{"a":1}})"), "is not text"},
      {file_of(R"({"__metadata__":[]})"), "is not a JSON object"},
      {file_of("{\"a\":" + std::string(100000, '[') + std::string(100000, ']') + "}"), "too deep"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.bytes.substr(0, 200));
    check_fails([&] { read_safetensors("w.safetensors", c.bytes, everything); }, ErrorKind::corrupt,
                {"w.safetensors", c.word});
  }
}

TEST_CASE(
    "safetensors: a file that is cut at any byte is refused, and a changed byte never causes a read out of bounds") {
  const std::string bytes = write_safetensors({{"a", {2, 3}, {1, 2, 3, 4, 5, 6}}, {"n", {}, {}, {{1}}}}, {{"k", "v"}});
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    CAPTURE(size);
    check_fails([&] { read_safetensors("x", bytes.substr(0, size), everything); }, ErrorKind::corrupt, {"x"});
  }
  std::size_t refused = 0;
  for (std::size_t at = 0; at < bytes.size(); ++at)
    for (const int bit : {0, 3, 6}) {
      std::string changed = bytes;
      changed[at] = static_cast<char>(changed[at] ^ (1 << bit));
      try {
        read_safetensors("x", changed, everything);
      } catch (const Error& error) {
        CHECK(error.kind() == ErrorKind::corrupt);
        ++refused;
      }
    }
  CHECK(refused > bytes.size());  // of three times this number of attempts
}
