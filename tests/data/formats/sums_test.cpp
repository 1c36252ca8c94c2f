// SPDX-License-Identifier: Apache-2.0
// The digests in files of this project: any change of what is read is noticed, and nothing else is refused.
#include "data/files/sums.h"

#include <doctest/doctest.h>
#include <hdf5.h>

#include <array>
#include <fstream>
#include <functional>
#include <sstream>
#include <vector>

#include "data/files/digest.h"
#include "data/formats/hdf5_file.h"
#include "data/formats/weights_file.h"
#include "tests/data/formats/raw_h5.h"
#include "tests/support/thrown.h"

using namespace cg;
using namespace cg::test;

namespace {

/// A file with every kind of part.
struct Written {
  TemporaryFile file{"sums.h5"};
  Written() {
    H5Writer writer(file.path);
    writer.numbers("numbers", {2}, std::vector<double>{1.5, 2});
    writer.integers("group/integers", {1, 2}, std::vector<Index>{3, 4});
    writer.floats("floats", {2}, std::vector<float>{0.1f, 0.2f});
    writer.strings("texts", {"", "été"});
    writer.make_rows("rows", {{2, 3}, DType::f32});
    writer.row("rows", 0, std::vector<float>{1, 2, 3});
    writer.row("rows", 1, std::vector<float>{4, 5, 6});
    writer.attribute("number", 0.1);
    writer.attribute("text", "a text");
    writer.commit();
  }
  void change(const std::function<void(hid_t)>& how) const {
    const hid_t opened = H5Fopen(file.path.c_str(), H5F_ACC_RDWR, H5P_DEFAULT);
    how(opened);
    H5Fclose(opened);
  }
  template <class T>
  void write(const char* dataset, hid_t type, std::vector<T> values) const {
    change([&](hid_t opened) {
      const hid_t to = H5Dopen2(opened, dataset, H5P_DEFAULT);
      REQUIRE(H5Dwrite(to, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()) >= 0);
      H5Dclose(to);
    });
  }
  /// Reading has to fail and name the part.
  template <class Read>
  void refused(const std::string& part, const Read& read) const {
    check_fails([&] { read(H5Reader(file.path)); }, ErrorKind::corrupt,
                {file.path, "\"" + part + "\"", "differs from its SHA-256"});
  }
};

void read_all(const H5Reader& file) {
  file.numbers("numbers");
  file.numbers("group/integers");
  file.numbers("floats");
  file.strings("texts");
  file.rows("rows", 0, 2);
  file.numbers("rows");
  file.shape("rows");
}

std::string file_bytes(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

const std::vector<NamedArray> arrays = {{"head.weight", {2, 2}, {1, 2, 3, 4}}, {"count", {}, {}, {{7}}}};
const Texts texts = {{"format", "f"}, {"width", "16"}, {"exact", "0.10"}, {"long", std::string(2000, 'x')}};

WeightsFile weights(const std::string& bytes, const char* name) {
  return read_weights(name, bytes, {[](const ArrayHeader&) { return true; }, 1 << 20});
}

}  // namespace

TEST_CASE("sums: the text has the layout of sha256sum, and any changed, missing or added line is noticed") {
  Sums sums;
  sums.add("b", sha256("two"));
  sums.add("a name", sha256("one"));
  const std::string lines = sha256("one") + "  a name\n" + sha256("two") + "  b\n";
  const std::string text = sums.text();
  CHECK(text == lines + sha256(lines) + "  the lines above\n");
  CHECK(Sums::of_text("f", text).all() == sums.all());
  for (std::size_t k = 0; k < text.size(); ++k) {
    std::string changed = text;
    changed[k] = static_cast<char>(changed[k] ^ 1);
    CHECK_THROWS_AS(Sums::of_text("f", changed), Error);
    CHECK_THROWS_AS(Sums::of_text("f", text.substr(0, k)), Error);
  }
  check_fails([&] { Sums::of_text("f", text + text); }, ErrorKind::corrupt, {"f", "sha256sums"});
}

TEST_CASE("sums: a file that was not changed is read, and is not changed by digests that it does not have") {
  const Written written;
  CHECK(H5Reader(written.file.path).has_sums());
  read_all(H5Reader(written.file.path));
  written.change([](hid_t opened) { H5Ldelete(opened, "sha256sums", H5P_DEFAULT); });
  CHECK_FALSE(H5Reader(written.file.path).has_sums());
  read_all(H5Reader(written.file.path));
}

TEST_CASE("sums: a changed number, text, row, shape or attribute is refused, and the part is named") {
  const auto numbers = [](const char* name) { return [name](const H5Reader& file) { file.numbers(name); }; };
  const auto open = [](const H5Reader&) {};
  {
    Written w;
    w.write<double>("numbers", H5T_NATIVE_DOUBLE, {1.5, 2.0000000000000004});
    w.refused("numbers", numbers("numbers"));
  }
  {
    Written w;
    w.write<Index>("group/integers", H5T_NATIVE_INT64, {3, 5});
    w.refused("group/integers", numbers("group/integers"));
  }
  {
    Written w;
    w.write<float>("floats", H5T_NATIVE_FLOAT, {0.1f, -0.2f});
    w.refused("floats", numbers("floats"));
  }
  {
    Written w;
    w.write<float>("rows", H5T_NATIVE_FLOAT, {1, 2, 3, 4, 5, 7});
    w.refused("rows[1]", [](const H5Reader& file) { file.rows("rows", 0, 2); });
    w.refused("rows[1]", [](const H5Reader& file) { file.rows("rows", 1, 1); });
    w.refused("rows[1]", numbers("rows"));
    CHECK(H5Reader(w.file.path).rows("rows", 0, 1) == std::vector<float>{1, 2, 3});  // the other row is right
  }
  {
    Written w;
    w.change([](hid_t opened) {
      H5Ldelete(opened, "rows", H5P_DEFAULT);
      H5Lmove(opened, "floats", opened, "rows", H5P_DEFAULT, H5P_DEFAULT);
    });
    w.refused("floats", open);
  }
  {  // the same numbers in rows of another shape
    Written w;
    w.change([](hid_t opened) {
      H5Ldelete(opened, "rows", H5P_DEFAULT);
      const std::array<hsize_t, 3> shape = {2, 1, 3};
      const std::vector<float> values = {1, 2, 3, 4, 5, 6};
      const hid_t space = H5Screate_simple(3, shape.data(), nullptr);
      const hid_t made = H5Dcreate2(opened, "rows", H5T_NATIVE_FLOAT, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
      H5Dwrite(made, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data());
      H5Dclose(made), H5Sclose(space);
    });
    w.refused("rows [shape]", open);
    w.change([](hid_t opened) { H5Ldelete(opened, "rows", H5P_DEFAULT); });
    w.refused("rows [shape]", open);
  }
  {
    Written w;
    w.change([](hid_t opened) { H5Adelete(opened, "number"); });
    w.refused("attribute number", open);
    const auto number = [](hid_t opened) {
      const hid_t space = H5Screate(H5S_SCALAR);
      const hid_t made = H5Acreate2(opened, "number", H5T_NATIVE_DOUBLE, space, H5P_DEFAULT, H5P_DEFAULT);
      const double value = 0.2;
      H5Awrite(made, H5T_NATIVE_DOUBLE, &value);
      H5Aclose(made), H5Sclose(space);
    };
    w.change(number);
    w.refused("attribute number", open);
  }
}

TEST_CASE("sums: of all flips of one bit in a file, each is refused or changes nothing that is read") {
  const Written written;
  const std::string good = file_bytes(written.file.path);
  const TemporaryFile flipped("flipped.h5");
  int refused = 0;
  for (std::size_t k = 0; k < good.size(); k += 13) {
    std::string bytes = good;
    bytes[k] = static_cast<char>(bytes[k] ^ (1 << k % 8));
    std::ofstream(flipped.path, std::ios::binary | std::ios::trunc) << bytes;
    try {
      const H5Reader file(flipped.path);
      if (!file.has_sums()) continue;  // the name of the digests was hit: reported as not verified
      // Read before any check, which would catch the error of a refusal.
      const auto numbers = file.numbers("numbers"), integers = file.numbers("group/integers");
      const auto words = file.strings("texts");
      const auto rows = file.rows("rows", 0, 2);
      CHECK(numbers == std::vector<double>{1.5, 2});
      CHECK(integers == std::vector<double>{3, 4});
      CHECK(words == std::vector<std::string>{"", "été"});
      CHECK(rows == std::vector<float>{1, 2, 3, 4, 5, 6});
      const double number = file.number_attribute("number");
      CHECK(number == 0.1);
    } catch (const Error&) {
      ++refused;
    }
  }
  CHECK(refused > 100);
}

TEST_CASE("sums: weights of both formats are verified, and of every array and text a change is refused") {
  for (const auto& [format, name] :
       {std::pair{WeightsFormat::hdf5, "w.h5"}, {WeightsFormat::safetensors, "w.safetensors"}}) {
    CAPTURE(name);
    const std::string good = weights_bytes(format, arrays, texts);
    const WeightsFile read = weights(good, name);
    CHECK(read.verified);
    CHECK_FALSE(read.texts.contains(Sums::name));
    CHECK(read.texts.size() == texts.size());
    // What is copied to the other format is verified again.
    const auto other = format == WeightsFormat::hdf5 ? WeightsFormat::safetensors : WeightsFormat::hdf5;
    CHECK(weights(weights_bytes(other, read.arrays, read.texts), "copy").verified);
    int refused = 0, unseen = 0;
    for (std::size_t k = 0; k < good.size(); k += 11) {
      std::string bytes = good;
      bytes[k] = static_cast<char>(bytes[k] ^ (1 << k % 8));
      try {
        const WeightsFile flipped = weights(bytes, name);
        if (!flipped.verified) continue;
        CHECK(flipped.arrays.at(0).counts.has_value() != flipped.arrays.at(1).counts.has_value());
        CHECK(flipped.texts == read.texts);
        for (const NamedArray& a : flipped.arrays)
          if (!a.counts) CHECK(a.values == arrays[0].values);
        ++unseen;
      } catch (const Error&) {
        ++refused;
      }
    }
    CAPTURE(unseen);
    CHECK(refused > 50);
    if (format == WeightsFormat::safetensors) CHECK(unseen == 0);  // this format has no unused bytes
  }
}
