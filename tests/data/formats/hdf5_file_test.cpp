// SPDX-License-Identifier: Apache-2.0
// HDF5 files: files of other programs are read, damaged or malicious files are refused, and a file that is not finished
// leaves nothing.
#include "data/formats/hdf5_file.h"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <ctime>
#include <fstream>
#include <numeric>

#include "data/files/sandbox.h"
#include "tests/data/formats/raw_h5.h"
#include "tests/support/thrown.h"

using namespace cg;
using namespace cg::test;
namespace fs = std::filesystem;

namespace {

std::vector<double> counted(std::size_t n) {
  std::vector<double> out(n);
  std::iota(out.begin(), out.end(), 0.0);
  return out;
}

std::string contents_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// Names in the folder of temporary files that begin like this path.
std::size_t files_beginning_with(const std::string& path) {
  std::size_t n = 0;
  for (const auto& entry : fs::directory_iterator(fs::path(path).parent_path()))
    n += entry.path().string().starts_with(path);
  return n;
}

}  // namespace

TEST_CASE("H5Reader: text of variable and of fixed length is read, with any padding") {
  const TemporaryFile file("texts.h5");
  {
    RawFile raw(file.path);
    raw.texts("variable", {"ann", "", "žofie"});
    raw.fixed_texts("terminated", 4, std::string("ann\0\0\0\0\0bo\0\0", 12), H5T_STR_NULLTERM);
    raw.fixed_texts("filled", 3, std::string("ann\0\0\0bo\0", 9), H5T_STR_NULLPAD);
    raw.fixed_texts("spaces", 4, "ann     bo  ", H5T_STR_SPACEPAD);
    raw.numbers("numbers", {3}, {1, 2, 3});
  }
  const H5Reader reader(file.path);
  CHECK(reader.strings("variable") == std::vector<std::string>{"ann", "", "žofie"});
  for (const char* name : {"terminated", "filled", "spaces"}) {
    CAPTURE(name);
    CHECK(reader.strings(name) == std::vector<std::string>{"ann", "", "bo"});
    CHECK(reader.holds_text(name));
  }
  CHECK_FALSE(reader.holds_text("numbers"));
  check_fails([&] { reader.strings("numbers"); }, ErrorKind::data, {file.path, "numbers", "does not contain text"});
  check_fails([&] { reader.numbers("variable"); }, ErrorKind::data,
              {file.path, "variable", "does not contain numbers"});
}

TEST_CASE("H5Reader: numbers of any type, chunk and compression are read, whole and by rows") {
  const TemporaryFile file("numbers.h5");
  const std::vector<double> values = counted(5 * 7 * 3);
  {
    RawFile raw(file.path);
    raw.numbers("contiguous", {5, 7, 3}, values);
    raw.numbers("odd", {5, 7, 3}, values, {{2, 4, 2}, 9});
    raw.numbers("integers", {5, 7, 3}, values, {{5, 7, 3}, 1, H5T_STD_I16BE});
    raw.numbers("single", {5, 7, 3}, values, {{1, 7, 3}, 0, H5T_IEEE_F32BE});
    raw.numbers("scalar", {}, {42});
  }
  const H5Reader reader(file.path);
  for (const char* name : {"contiguous", "odd", "integers", "single"}) {
    CAPTURE(name);
    CHECK(reader.shape(name) == Shape{5, 7, 3});
    CHECK(reader.numbers(name) == values);
    const auto rows = reader.rows(name, 3, 2);
    CHECK(std::equal(rows.begin(), rows.end(), values.begin() + 3 * 21, values.end()));
  }
  CHECK(reader.numbers("scalar") == std::vector<double>{42});
  CHECK(reader.members() == std::vector<std::string>{"contiguous", "integers", "odd", "scalar", "single"});
  check_fails([&] { reader.rows("odd", 4, 2); }, ErrorKind::data, {"odd", "[5, 7, 3]", "4 to 5"});
}

TEST_CASE("H5Reader: attributes are one number or one text, others are refused") {
  const TemporaryFile file("attributes.h5");
  {
    RawFile raw(file.path);
    raw.attribute("one", {2.5});
    raw.attribute("three", {1, 2, 3});
    raw.bool_attribute("true", true);
    raw.bool_attribute("false", false);
    raw.text_attribute("text", {"mre"});
    raw.text_attribute("texts", {"mre", "t1", "t2", "pet"});
  }
  const H5Reader reader(file.path);
  CHECK(reader.number_attribute("one") == 2.5);
  CHECK(reader.number_attribute("true") == 1);
  CHECK(reader.number_attribute("false") == 0);
  CHECK(reader.text_attribute("text") == "mre");
  CHECK(reader.has_attribute("three"));
  CHECK_FALSE(reader.has_attribute("none"));
  check_fails([&] { reader.number_attribute("three"); }, ErrorKind::data, {file.path, "three", "not a single number"});
  check_fails([&] { reader.number_attribute("text"); }, ErrorKind::data, {"text", "not a single number"});
  check_fails([&] { reader.text_attribute("one"); }, ErrorKind::data, {"one", "not a single text"});
  check_fails([&] { reader.text_attribute("texts"); }, ErrorKind::data, {"texts", "not a single text"});
  check_fails([&] { reader.number_attribute("none"); }, ErrorKind::data, {"no attribute", "none"});
}

TEST_CASE("H5Reader: a missing file or dataset is a data error, wrong bytes are a corrupt file") {
  const TemporaryFile file("absent.h5"), text("text.h5");
  check_fails([&] { H5Reader reader(file.path); }, ErrorKind::data, {file.path, "no such file"});
  std::ofstream(text.path) << "participant_id,age\n";
  check_fails([&] { H5Reader reader(text.path); }, ErrorKind::corrupt, {text.path});
  check_fails([&] { H5Reader reader("/tmp"); }, ErrorKind::data, {"/tmp", "a folder"});
  RawFile(file.path).numbers("group/there", {1}, {1});
  const H5Reader reader(file.path);
  CHECK(reader.has("group/there"));
  CHECK_FALSE(reader.has("group/not"));
  CHECK_FALSE(reader.has("neither/not"));
  CHECK_FALSE(reader.has("group/there/below"));
  check_fails([&] { reader.numbers("group/not"); }, ErrorKind::data, {file.path, "group/not"});
  check_fails([&] { reader.numbers("group"); }, ErrorKind::data, {file.path, "no dataset \"group\""});
}

TEST_CASE("H5Reader: a file that another program writes, and one whose writer was killed, are named as such") {
  const TemporaryFile open_now("open.h5"), left_open("left.h5");
  RawFile(open_now.path).numbers("x", {1}, {1});
  const auto writer = [](const std::string& path, unsigned mode, bool newest) {
    std::array<int, 2> ready{};
    REQUIRE(pipe(ready.data()) == 0);
    const pid_t child = fork();
    if (child == 0) {
      const hid_t access = H5Pcreate(H5P_FILE_ACCESS);
      if (newest) H5Pset_libver_bounds(access, H5F_LIBVER_LATEST, H5F_LIBVER_LATEST);
      const hid_t file = mode == H5F_ACC_TRUNC ? H5Fcreate(path.c_str(), mode, H5P_DEFAULT, access)
                                               : H5Fopen(path.c_str(), mode, access);
      H5Fflush(file, H5F_SCOPE_GLOBAL);
      if (write(ready[1], "x", 1) == 1) pause();
      _exit(1);
    }
    char byte = 0;
    REQUIRE(read(ready[0], &byte, 1) == 1);
    close(ready[0]), close(ready[1]);
    return child;
  };
  const auto end = [](pid_t child) {
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
  };
  const pid_t holder = writer(open_now.path, H5F_ACC_RDWR, false);
  check_fails([&] { H5Reader reader(open_now.path); }, ErrorKind::in_use,
              {open_now.path, "another program has the file open for writing"});
  end(holder);
  CHECK(H5Reader(open_now.path).has("x"));
  end(writer(left_open.path, H5F_ACC_TRUNC, true));
  check_fails([&] { H5Reader reader(left_open.path); }, ErrorKind::in_use,
              {left_open.path, "marked as open for writing", "h5clear -s"});
}

TEST_CASE("H5Reader: a file of another kind is named") {
  const TemporaryFile file("page.h5");
  std::ofstream(file.path) << "<!DOCTYPE html><html></html>";
  check_fails([&] { H5Reader reader(file.path); }, ErrorKind::data, {file.path, "a web page", "an HDF5 file"});
}

TEST_CASE("H5Reader: a file that is cut at any byte is refused as corrupt, never read wrongly") {
  const TemporaryFile whole("whole.h5"), cut("cut.h5");
  const std::vector<double> values = counted(4096);
  RawFile(whole.path).numbers("values", {16, 256}, values, {{3, 100}, 4});
  std::ifstream in(whole.path, std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(in)), {});
  for (std::size_t size = bytes.size() / 23; size < bytes.size(); size += bytes.size() / 23) {
    CAPTURE(size);
    std::ofstream(cut.path, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(size));
    check_fails([&] { H5Reader(cut.path).numbers("values"); }, ErrorKind::corrupt, {cut.path});
  }
  std::ofstream{cut.path};
  check_fails([&] { H5Reader{cut.path}; }, ErrorKind::data, {cut.path, "empty"});
}

TEST_CASE("H5Reader: damaged compressed data are refused as corrupt") {
  const TemporaryFile file("damaged.h5");
  RawFile(file.path).numbers("values", {4096}, counted(4096), {{4096}, 4});
  const auto size = fs::file_size(file.path);
  {
    std::fstream bytes(file.path, std::ios::in | std::ios::out | std::ios::binary);
    bytes.seekp(static_cast<std::streamoff>(size - size / 4));
    bytes << std::string(64, '\x5a');
  }
  check_fails([&] { H5Reader(file.path).numbers("values"); }, ErrorKind::corrupt, {file.path, "values"});
}

TEST_CASE("H5Reader: a size that the file cannot contain is refused before memory is allocated") {
  const TemporaryFile file("claims.h5");
  const hsize_t large = hsize_t{1} << 30;
  {
    RawFile raw(file.path);
    raw.unwritten("claims", {large, large}, {{1, 1024}});
    raw.unwritten("ids", {large}, {{1024}});
    raw.unwritten("modest", {10}, {{10}});
  }
  const H5Reader reader(file.path);
  check_fails([&] { reader.numbers("claims"); }, ErrorKind::corrupt, {file.path, "claims", "bytes"});
  check_fails([&] { reader.rows("claims", 0, 1); }, ErrorKind::corrupt, {"claims"});
  check_fails([&] { reader.numbers("ids"); }, ErrorKind::corrupt, {"ids"});
  CHECK(reader.numbers("modest") == std::vector<double>(10, 0.0));
}

TEST_CASE("H5Reader: a file on which the library never ends is refused after a time") {
  const TemporaryFile file("endless.h5");
  {
    RawFile raw(file.path);
    raw.texts("participant_id", {"sub-1", "sub-2"});
    raw.numbers("age", {2}, {1, 2});
  }
  std::string bytes = contents_of(file.path);
  const std::size_t heap = bytes.find("GCOL"), size = heap + 24;  // of the first text
  REQUIRE(heap != std::string::npos);
  const auto length = ~std::uint64_t{15};  // with the head's 16 bytes this is 2^64: the library's loop makes no step
  bytes.replace(size, sizeof length, reinterpret_cast<const char*>(&length), sizeof length);
  std::ofstream(file.path, std::ios::binary) << bytes;
  const H5Reader reader(file.path);
  CHECK(reader.numbers("age") == std::vector<double>{1, 2});
  const std::clock_t begin = std::clock();
  check_fails([&] { reader.strings("participant_id"); }, ErrorKind::corrupt,
              {file.path, fmt::format("more than {} seconds", reading_seconds(0))});
  CHECK(std::clock() - begin < CLOCKS_PER_SEC);  // it was not read in this process
}

TEST_CASE("H5Reader: data in another file is refused, for all ways to refer to it") {
  const TemporaryFile file("links.h5"), other("other.h5"), bytes("bytes.bin");
  RawFile(other.path).numbers("secret", {2}, {1, 2});
  std::ofstream(bytes.path) << std::string(16, 'x');
  {
    RawFile raw(file.path);
    H5Lcreate_external(other.path.c_str(), "secret", raw.id(), "linked", H5P_DEFAULT, H5P_DEFAULT);
    const hsize_t two = 2;
    const hid_t space = H5Screate_simple(1, &two, nullptr), properties = H5Pcreate(H5P_DATASET_CREATE),
                mapped = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_external(properties, bytes.path.c_str(), 0, 16);
    H5Dclose(H5Dcreate2(raw.id(), "external", H5T_NATIVE_DOUBLE, space, H5P_DEFAULT, properties, H5P_DEFAULT));
    H5Pset_virtual(mapped, space, other.path.c_str(), "secret", space);
    H5Dclose(H5Dcreate2(raw.id(), "virtual", H5T_NATIVE_DOUBLE, space, H5P_DEFAULT, mapped, H5P_DEFAULT));
    H5Pclose(mapped);
    H5Pclose(properties);
    H5Sclose(space);
  }
  const H5Reader reader(file.path);
  for (const char* name : {"linked", "external", "virtual"}) {
    CAPTURE(name);
    check_fails([&] { reader.numbers(name); }, ErrorKind::corrupt, {file.path, name, "another file"});
  }
}

TEST_CASE("H5Writer: written data is read back, including groups and empty texts") {
  const TemporaryFile file("written.h5");
  const std::vector<std::string> texts = {"a", "", "žofie"};
  const std::vector<float> row = {4, 5, 6};
  {
    H5Writer writer(file.path);
    writer.numbers("deep/er/numbers", {2, 2}, std::vector<double>{1, 2, 3, 4.25});
    writer.numbers("scalar", {}, std::vector<double>{7});
    writer.strings("texts", texts);
    writer.bytes("bytes", {2}, std::vector<std::uint8_t>{0, 255});
    writer.make_rows("rows", {{2, 3}, DType::f32});
    writer.row("rows", 1, std::span<const float>(row));
    writer.attribute("empty", std::string());
    writer.attribute("pi", 3.25);
    writer.commit();
  }
  const H5Reader reader(file.path);
  CHECK(reader.numbers("deep/er/numbers") == std::vector<double>{1, 2, 3, 4.25});
  CHECK(reader.shape("scalar").empty());
  CHECK(reader.strings("texts") == texts);
  CHECK(reader.numbers("bytes") == std::vector<double>{0, 255});
  CHECK(reader.numbers("rows") == std::vector<double>{0, 0, 0, 4, 5, 6});
  CHECK(reader.text_attribute("empty").empty());
  CHECK(reader.number_attribute("pi") == 3.25);
}

TEST_CASE("H5Writer: without commit nothing is left, and an existing file does not change") {
  const TemporaryFile file("unfinished.h5");
  {
    H5Writer writer(file.path);
    writer.numbers("numbers", {1}, std::vector<double>{1});
  }
  CHECK(files_beginning_with(file.path) == 0);
  {
    H5Writer writer(file.path);
    writer.numbers("numbers", {1}, std::vector<double>{1});
    CHECK_FALSE(fs::exists(file.path));  // under its name only when it is complete
    writer.commit();
  }
  {
    H5Writer writer(file.path);
    writer.numbers("numbers", {1}, std::vector<double>{2});
  }
  CHECK(files_beginning_with(file.path) == 1);
  CHECK(H5Reader(file.path).numbers("numbers") == std::vector<double>{1});
}

TEST_CASE("H5Writer: a file in memory uses no disk, and its bytes are a valid file, also after a block of 512 bytes") {
  H5Writer writer, other;  // two files together
  writer.numbers("deep/numbers", {3}, counted(3));
  writer.attribute("pi", 3.25);
  other.numbers("deep/numbers", {3}, std::vector<double>{7, 8, 9});
  CHECK_FALSE(fs::exists("memory"));
  for (const std::size_t room : {0, 512}) {
    const TemporaryFile file("image.h5");
    const std::string bytes = writer.image(room);
    CHECK(bytes.substr(0, room) == std::string(room, '\0'));
    CHECK(bytes.substr(room) == writer.image());
    std::ofstream(file.path, std::ios::binary) << bytes;
    const H5Reader reader(file.path);
    CHECK(reader.numbers("deep/numbers") == counted(3));
    CHECK(reader.number_attribute("pi") == 3.25);
    CHECK(reader.has_sums());
  }
}

TEST_CASE("H5Writer: a file in memory has no digests if its writer protects it in another way") {
  H5Writer writer(false);
  writer.numbers("numbers", {3}, counted(3));
  const TemporaryFile file("without.h5");
  std::ofstream(file.path, std::ios::binary) << writer.image();
  const H5Reader reader(file.path);
  CHECK_FALSE(reader.has_sums());
  CHECK(reader.numbers("numbers") == counted(3));
}

TEST_CASE("H5Writer: equal content gives equal bytes at any time") {
  const auto bytes = [] {
    H5Writer writer;
    writer.numbers("numbers", {50}, counted(50));
    writer.strings("texts", {"a", "bc"});
    writer.make_rows("rows", {{2, 3}, DType::f32});
    writer.attribute("name", std::string("x"));
    return writer.image();
  };
  CHECK(bytes() == bytes());
  const TemporaryFile file("untimed.h5");
  std::ofstream(file.path, std::ios::binary) << bytes();
  const hid_t opened = H5Fopen(file.path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT);
  for (const char* name : {"numbers", "texts", "rows"}) {
    CAPTURE(name);
    H5G_stat_t status{};
    REQUIRE(H5Gget_objinfo(opened, name, true, &status) >= 0);
    CHECK(status.mtime == 0);
  }
  H5Fclose(opened);
}

TEST_CASE("H5Writer: a missing folder is a storage error that names the file") {
  const std::string path = (fs::temp_directory_path() / "no-such-folder" / "x.h5").string();
  check_fails([&] { H5Writer writer(path); }, ErrorKind::storage, {path});
}

TEST_CASE("H5Writer: the temporary file of a killed writer is removed, that of a running one is not") {
  const TemporaryFile file("abandoned.h5");
  int ready[2];
  REQUIRE(pipe(ready) == 0);
  const pid_t killed = fork();
  if (killed == 0) {
    const H5Writer writer(file.path);
    char byte = 1;
    if (write(ready[1], &byte, 1) == 1) pause();
    _exit(1);
  }
  char byte = 0;
  REQUIRE(read(ready[0], &byte, 1) == 1);
  const std::string left = file.path + "." + std::to_string(killed) + ".tmp";
  { const H5Writer beside(file.path); }
  CHECK(fs::exists(left));  // its writer still runs
  kill(killed, SIGKILL);
  REQUIRE(waitpid(killed, nullptr, 0) == killed);
  CHECK(fs::exists(left));
  const std::string other = file.path + ".notes.tmp";  // without a process number: not ours
  { const std::ofstream created(other); }
  { const H5Writer next(file.path); }
  CHECK_FALSE(fs::exists(left));
  CHECK(fs::remove(other));
}
