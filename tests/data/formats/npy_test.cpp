// SPDX-License-Identifier: Apache-2.0
// NumPy's files: all types, orders and versions; rows of stacks larger than memory; malicious headers are refused.
#include "data/formats/npy.h"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <sys/resource.h>

#include <bit>
#include <cmath>
#include <functional>
#include <numeric>

#include "tests/data/formats/raw_h5.h"
#include "tests/data/formats/sample_npy.h"
#include "tests/support/property.h"
#include "tests/support/thrown.h"

using namespace cg;
using namespace cg::test;
namespace fs = std::filesystem;

namespace {

template <class T>
std::string numbers(const std::string& type, bool fortran, const Shape& shape, int version = 1) {
  std::vector<T> values(static_cast<std::size_t>(count(shape)));
  std::iota(values.begin(), values.end(), T{0});
  std::string bytes = bytes_of(values);
  if (type[0] == '>')
    for (std::size_t at = 0; at < bytes.size(); at += sizeof(T))
      std::reverse(bytes.begin() + static_cast<std::ptrdiff_t>(at),
                   bytes.begin() + static_cast<std::ptrdiff_t>(at + sizeof(T)));
  return npy_header(type, fortran, shape, version) + bytes;
}

template <class T>
void check_type(const std::string& type) {
  CAPTURE(type);
  for (const char order : {'<', '>'})
    for (const int version : {1, 2, 3}) {
      const TemporaryFile file("type.npy");
      const std::string name = (sizeof(T) == 1 ? '|' : order) + type;
      write_bytes(file.path, numbers<T>(name, false, {2, 3}, version));
      const NpyFile npy(file.path);
      CHECK(npy.type() == name);
      CHECK(npy.shape() == Shape{2, 3});
      CHECK(npy.all() == std::vector<float>{0, 1, 2, 3, 4, 5});
      CHECK(npy.row(1) == std::vector<float>{3, 4, 5});
    }
}

void check_refused(const std::string& bytes, ErrorKind kind, const std::vector<std::string>& words) {
  const TemporaryFile file("refused.npy");
  write_bytes(file.path, bytes);
  std::vector<std::string> all = words;
  all.push_back(file.path);
  check_fails(
      [&] {
        const NpyFile npy(file.path);
        (void)npy.all();
      },
      kind, all);
}

void check_header_refused(const std::string& text, const std::string& word) {
  CAPTURE(text);
  check_refused(npy_header(text) + std::string(64, '\0'), ErrorKind::corrupt, {word});
}

}  // namespace

TEST_CASE("NpyFile: all types of numbers in both byte orders and all three versions") {
  check_type<float>("f4");
  check_type<double>("f8");
  check_type<std::int8_t>("i1");
  check_type<std::int16_t>("i2");
  check_type<std::int32_t>("i4");
  check_type<std::int64_t>("i8");
  check_type<std::uint8_t>("u1");
  check_type<std::uint16_t>("u2");
  check_type<std::uint32_t>("u4");
  check_type<std::uint64_t>("u8");
  check_type<std::uint8_t>("b1");
}

TEST_CASE("NpyFile: half precision, with subnormal numbers, infinity and NaN") {
  const TemporaryFile file("half.npy");
  const std::vector<std::uint16_t> halves = {0x3C00, 0xC000, 0x0001, 0x7BFF, 0x7C00, 0xFC00, 0x7E00, 0x0400};
  write_bytes(file.path, npy_header("<f2", false, {8}) + bytes_of(halves));
  const std::vector<float> read = NpyFile(file.path).all();
  CHECK(read[0] == 1);
  CHECK(read[1] == -2);
  CHECK(read[2] == std::ldexp(1.0f, -24));
  CHECK(read[3] == 65504);
  CHECK(read[4] == HUGE_VALF);
  CHECK(read[5] == -HUGE_VALF);
  CHECK(std::isnan(read[6]));
  CHECK(read[7] == std::ldexp(1.0f, -14));
}

TEST_CASE("NpyFile: Fortran order gives the same array, whole and by rows") {
  property("orders", [] {
    Shape shape;
    const int rank = *rc::gen::inRange(1, 5);
    for (int a = 0; a < rank; ++a) shape.push_back(*rc::gen::inRange<Index>(1, 6));
    const auto n = static_cast<std::size_t>(count(shape));
    std::vector<float> c(n), f(n);
    std::vector<Index> at(shape.size(), 0);
    for (std::size_t k = 0; k < n; ++k) {  // at: index of element k in C's order
      Index place = 0, stride = 1;
      for (std::size_t a = 0; a < shape.size(); ++a) {
        place += at[a] * stride;
        stride *= shape[a];
      }
      c[k] = f[static_cast<std::size_t>(place)] = static_cast<float>(k);
      for (std::size_t a = shape.size(); a-- > 0 && ++at[a] == shape[a];) at[a] = 0;
    }
    const TemporaryFile file("order.npy");
    write_bytes(file.path, npy_header("<f4", true, shape) + bytes_of(f));
    const NpyFile npy(file.path);
    RC_ASSERT(npy.fortran_order());
    RC_ASSERT(npy.all() == c);
    const std::size_t row = n / static_cast<std::size_t>(shape[0]);
    for (Index i = 0; i < shape[0]; ++i) {
      const auto first = c.begin() + i * static_cast<std::ptrdiff_t>(row);
      RC_ASSERT(npy.row(i) == std::vector<float>(first, first + static_cast<std::ptrdiff_t>(row)));
    }
  });
}

TEST_CASE("NpyFile: a stack of 12 GB is read one row at a time in 64 MB of memory") {
  const Shape shape = {3227, 1, 91, 109, 91};
  const std::string header = npy_header("<f4", false, shape);
  const TemporaryFile file("stack.npy");
  write_bytes(file.path, header);
  const Index row = 91 * 109 * 91, last = 3226;
  fs::resize_file(file.path,
                  header.size() + static_cast<std::size_t>(4 * row * shape[0]));  // sparse: uses no disk space
  {
    std::fstream out(file.path, std::ios::in | std::ios::out | std::ios::binary);
    out.seekp(static_cast<std::streamoff>(header.size()) + 4 * (last * row + 5));
    const float value = 7;
    out.write(reinterpret_cast<const char*>(&value), sizeof value);
  }
  rlimit before{};
  getrlimit(RLIMIT_AS, &before);
  std::size_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  const rlimit limit = {pages * 4096 + (std::size_t{64} << 20), before.rlim_max};
  setrlimit(RLIMIT_AS, &limit);
  std::vector<float> values;
  {
    const NpyFile npy(file.path);
    for (const Index i : {Index{0}, Index{1000}, last}) values = npy.row(i);
    check_fails([&] { (void)npy.all(); }, ErrorKind::data, {"expected one map"});
    check_fails([&] { (void)npy.row(3227); }, ErrorKind::data, {"no row 3227"});
  }
  setrlimit(RLIMIT_AS, &before);
  REQUIRE(values.size() == static_cast<std::size_t>(row));
  CHECK(values[5] == 7);
  CHECK(values[4] == 0);
}

TEST_CASE("NpyFile: a large stack in Fortran order is refused, with the command to convert it") {
  const std::string header = npy_header("<f4", true, {1000, 91, 109, 91});
  const TemporaryFile file("scattered.npy");
  write_bytes(file.path, header);
  fs::resize_file(file.path, header.size() + std::size_t{4} * 1000 * 91 * 109 * 91);
  check_fails([&] { (void)NpyFile(file.path).row(0); }, ErrorKind::data, {"Fortran", "ascontiguousarray"});
}

TEST_CASE("NpyFile: ids as text or whole numbers") {
  const auto texts = [](const std::string& bytes) {
    const TemporaryFile file("ids.npy");
    write_bytes(file.path, bytes);
    return NpyFile(file.path).texts();
  };
  const TemporaryFile file("ids.npy");
  write_npy_texts(file.path, {"sub-1", "x", ""});
  CHECK(NpyFile(file.path).texts() == std::vector<std::string>{"sub-1", "x", ""});
  CHECK(texts(npy_header("|S3", false, {2}) + "abcd" + std::string(2, '\0')) == std::vector<std::string>{"abc", "d"});
  const std::vector<std::uint32_t> umlaut = {0xE4, 0x20AC, 0x1F9E0, 0};
  CHECK(texts(npy_header("<U2", false, {2}) + bytes_of(umlaut)) == std::vector<std::string>{"ä€", "🧠"});
  CHECK(texts(numbers<std::int64_t>("<i8", false, {3, 1})) == std::vector<std::string>{"0", "1", "2"});
  CHECK(texts(npy_header("<i8", false, {1}) + bytes_of(std::vector<Index>{347371779112})) ==
        std::vector<std::string>{"347371779112"});
  CHECK(texts(npy_header("<f8", false, {1}) + bytes_of(std::vector<double>{347371779112.0})) ==
        std::vector<std::string>{"347371779112"});
  for (const double bad : {0.5, 1e18, std::nan("")})
    check_fails([&] { (void)texts(npy_header("<f8", false, {1}) + bytes_of(std::vector<double>{bad})); },
                ErrorKind::data, {"expected a whole number"});
  check_fails([&] { (void)texts(npy_header("<f4", false, {1}) + bytes_of(std::vector<float>{347371779112.0f})); },
              ErrorKind::data, {"expected a whole number"});  // float32 has rounded it
  check_fails([&] { (void)texts(numbers<float>("<f4", false, {2, 2})); }, ErrorKind::data, {"[2, 2]"});
}

TEST_CASE("NpyFile: files that are not an array of numbers are refused as data") {
  check_refused("PK\3\4 a zip", ErrorKind::data, {"a zip archive", "expected a .npy file"});
  check_refused(npy_header("|O", false, {1}) + "\x80\4.", ErrorKind::data, {"never read"});
  check_refused(npy_header("<c8", false, {1}) + std::string(8, '\0'), ErrorKind::data, {"<c8"});
  check_refused(npy_header("<M8[ns]", false, {1}) + std::string(8, '\0'), ErrorKind::data, {"<M8[ns]"});
  check_refused(npy_header("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }") + "abcd",
                ErrorKind::data, {"structured"});
  check_refused(npy_header("<U3", false, {1}) + std::string(12, 'a'), ErrorKind::data, {"text"});
}

TEST_CASE("NpyFile: malicious headers are corrupt and use no memory") {
  check_header_refused("{'descr': '<f4', 'fortran_order': False, 'shape': (8589934592,), }", "the file is shorter");
  check_header_refused("{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296), }", "overflows");
  check_header_refused("{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,), }", "overflows");
  check_header_refused("{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }", "extent");
  check_header_refused("{'descr': '<f4', 'fortran_order': 0, 'shape': (1,), }", "fortran_order");
  check_header_refused("{'descr': '<f4', 'shape': (1,), }", "does not contain type, order and shape");
  check_header_refused("{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (1,), }", "unexpected key");
  check_header_refused("{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'x': 1}", "unexpected key");
  check_header_refused("{'descr': '<f4', 'fortran_order': False, 'shape': (1,), } + __import__('os')", "after its end");
  check_header_refused("{'descr': '<f4", "no text");
  check_header_refused("", "no '{'");
  check_refused("\x93NUMPY\x04" + std::string(3, '\0'), ErrorKind::corrupt, {"version 4"});
  check_refused(std::string("\x93NUMPY\x02\0\xff\xff\xff\xff", 12) + "{}", ErrorKind::corrupt, {"claims 4294967295"});
  const std::string whole = numbers<float>("<f4", false, {4, 4});
  for (std::size_t n = 0; n < whole.size(); ++n) {
    const TemporaryFile file("cut.npy");
    write_bytes(file.path, whole.substr(0, n));
    CHECK_THROWS_AS(NpyFile(file.path), Error);
  }
}

TEST_CASE("NpyFile: any changed byte gives an array or a named error, never a crash") {
  const std::string whole = numbers<std::int16_t>("<i2", true, {3, 4, 2});
  property("changed bytes", [&] {
    std::string bytes = whole;
    for (int k = *rc::gen::inRange(1, 4); k > 0; --k)
      bytes[*rc::gen::inRange<std::size_t>(0, bytes.size())] = static_cast<char>(*rc::gen::inRange(0, 256));
    const TemporaryFile file("changed.npy");
    write_bytes(file.path, bytes);
    try {
      const NpyFile npy(file.path);
      (void)npy.all();
      (void)npy.row(0);
    } catch (const Error& error) {
      RC_ASSERT(error.kind() == ErrorKind::corrupt || error.kind() == ErrorKind::data);
    }
  });
}
