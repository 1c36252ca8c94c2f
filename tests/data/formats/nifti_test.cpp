// SPDX-License-Identifier: Apache-2.0
// NIfTI files: all types, versions and byte orders are read; false claims of a header are refused before memory
// is allocated for them.
#include "data/formats/nifti.h"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <nifti/nifti1.h>
#include <nifti/nifti2.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <zlib.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <fstream>
#include <functional>
#include <limits>
#include <sstream>

#include "tests/data/formats/raw_h5.h"
#include "tests/data/space/spatial_volumes.h"
#include "tests/support/property.h"
#include "tests/support/thrown.h"

using namespace cg;
using namespace cg::test;
namespace fs = std::filesystem;

namespace {

void turn_round(char* bytes, std::size_t n) { std::reverse(bytes, bytes + n); }
template <class T>
void turn_round(T& value) {
  turn_round(reinterpret_cast<char*>(&value), sizeof value);
}

/// Bytes of a file with voxels 0, 1, 2, … (x fastest) of type T, in either version and byte order.
template <class T, class Header = nifti_1_header>
struct SampleNifti {
  Header header{};
  std::vector<T> voxels;
  bool big_endian = false;

  explicit SampleNifti(int type, std::array<Index, 3> extents = {3, 4, 2}) {
    constexpr bool one = sizeof(Header) == 348;
    header.sizeof_hdr = sizeof header;
    std::memcpy(header.magic, one ? "n+1" : "n+2\0\r\n\x1a\n", one ? 4 : 8);
    header.dim[0] = 3;
    for (std::size_t a = 0; a < 7; ++a) {
      using Dim = std::remove_reference_t<decltype(header.dim[0])>;
      header.dim[a + 1] = a < 3 ? static_cast<Dim>(extents[a]) : Dim{1};
      header.pixdim[a + 1] = 2;
    }
    header.datatype = static_cast<short>(type);
    header.bitpix = static_cast<short>(8 * sizeof(T));
    header.vox_offset = sizeof header + 4;
    header.scl_slope = 1;
    header.xyzt_units = NIFTI_UNITS_MM;
    header.sform_code = 4;
    header.srow_x[0] = header.srow_y[1] = header.srow_z[2] = 2;
    header.srow_x[3] = -90;
    for (Index k = 0; k < extents[0] * extents[1] * extents[2]; ++k) voxels.push_back(static_cast<T>(k));
  }

  std::string bytes() const {
    Header h = header;
    std::vector<T> v = voxels;
    if (big_endian) {
      for (T& value : v) turn_round(value);
      turn_round(h.sizeof_hdr), turn_round(h.datatype), turn_round(h.bitpix), turn_round(h.vox_offset);
      turn_round(h.scl_slope), turn_round(h.scl_inter), turn_round(h.qform_code), turn_round(h.sform_code);
      for (auto& value : h.dim) turn_round(value);
      for (auto& value : h.pixdim) turn_round(value);
      for (auto* row : {h.srow_x, h.srow_y, h.srow_z})
        for (int k = 0; k < 4; ++k) turn_round(row[k]);
      if constexpr (sizeof(Header) == 540) turn_round(h.xyzt_units);
    }
    std::string out(reinterpret_cast<const char*>(&h), sizeof h);
    out.append(4, '\0');
    return out.append(reinterpret_cast<const char*>(v.data()), v.size() * sizeof(T));
  }
};

std::string gzipped(const std::string& bytes) {
  z_stream zlib{};
  deflateInit2(&zlib, 9, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&zlib, bytes.size()), '\0'), in = bytes;
  zlib.next_in = reinterpret_cast<Bytef*>(in.data());
  zlib.avail_in = static_cast<uInt>(in.size());
  zlib.next_out = reinterpret_cast<Bytef*>(out.data());
  zlib.avail_out = static_cast<uInt>(out.size());
  deflate(&zlib, Z_FINISH);
  out.resize(zlib.total_out);
  deflateEnd(&zlib);
  return out;
}

void write(const std::string& path, const std::string& bytes) { std::ofstream(path, std::ios::binary) << bytes; }

template <class T, class Header>
void check_read(int type, const char* format) {
  for (const bool big_endian : {false, true})
    for (const bool pack : {false, true}) {
      SampleNifti<T, Header> sample(type);
      sample.big_endian = big_endian;
      const NiftiVolume read = nifti_of(pack ? gzipped(sample.bytes()) : sample.bytes(), "sample.nii");
      CAPTURE(read.format);
      CHECK(read.format.find(format) != std::string::npos);
      CHECK((read.format.find("big-endian") != std::string::npos) == big_endian);
      const Volume& v = read.spatial.volume;
      REQUIRE(v.shape == Shape{3, 4, 2});
      for (Index x = 0; x < 3; ++x)
        for (Index y = 0; y < 4; ++y)
          for (Index z = 0; z < 2; ++z)
            CHECK(v.values[voxel_index(v, x, y, z)] == static_cast<float>(static_cast<T>((z * 4 + y) * 3 + x)));
      CHECK(read.affine_from == NiftiVolume::Source::sform);
      CHECK(read.spatial.affine == Affine::scale({2, 2, 2}, {-90, 0, 0}));
    }
}

template <class T>
void check_type(int type, const char* format) {
  CAPTURE(format);
  check_read<T, nifti_1_header>(type, format);
  check_read<T, nifti_2_header>(type, format);
}

/// A header changed by `change` must be refused.
void check_refused(const std::function<void(nifti_1_header&)>& change, ErrorKind kind, const std::string& word) {
  CAPTURE(word);
  SampleNifti<float> sample(DT_FLOAT32);
  change(sample.header);
  check_fails([&] { (void)nifti_of(sample.bytes(), "sample.nii"); }, kind, {"sample.nii", word});
  check_fails([&] { (void)nifti_of(gzipped(sample.bytes()), "sample.nii.gz"); }, kind, {word});
}

constexpr float not_a_number = std::numeric_limits<float>::quiet_NaN();

}  // namespace

TEST_CASE("read_nifti: all types of real numbers, both versions, both byte orders, packed or not") {
  check_type<std::uint8_t>(DT_UINT8, "UINT8");
  check_type<std::int8_t>(DT_INT8, "INT8");
  check_type<std::int16_t>(DT_INT16, "INT16");
  check_type<std::uint16_t>(DT_UINT16, "UINT16");
  check_type<std::int32_t>(DT_INT32, "INT32");
  check_type<std::uint32_t>(DT_UINT32, "UINT32");
  check_type<std::int64_t>(DT_INT64, "INT64");
  check_type<std::uint64_t>(DT_UINT64, "UINT64");
  check_type<float>(DT_FLOAT32, "FLOAT32");
  check_type<double>(DT_FLOAT64, "FLOAT64");
}

TEST_CASE("read_nifti: slope and intercept scale the values, a slope of 0 does not") {
  SampleNifti<std::int16_t> sample(DT_INT16);
  sample.header.scl_slope = 0.5f;
  sample.header.scl_inter = -3;
  sample.voxels[1] = -7;
  CHECK(nifti_of(sample.bytes(), "x").spatial.volume.values[voxel_index({{3, 4, 2}, {}}, 1, 0, 0)] == -6.5f);
  for (const float unscaled : {0.0f, not_a_number, std::numeric_limits<float>::infinity()}) {  // as nibabel reads it
    sample.header.scl_slope = unscaled;
    sample.header.scl_inter = unscaled;
    CHECK(nifti_of(sample.bytes(), "x").spatial.volume.values[voxel_index({{3, 4, 2}, {}}, 1, 0, 0)] == -7);
  }
}

TEST_CASE("read_nifti: fields that the position does not need are not judged") {
  const SampleNifti<float> good(DT_FLOAT32);
  const Affine expected = nifti_of(good.bytes(), "x").spatial.affine;
  using H = nifti_1_header;
  for (const std::function<void(H&)>& change : std::vector<std::function<void(H&)>>{
           [](H& h) { h.pixdim[0] = h.pixdim[1] = h.pixdim[2] = not_a_number; },
           [](H& h) { h.pixdim[1] = -2; },
           [](H& h) { h.pixdim[1] = 0; },
           [](H& h) { h.qform_code = 1, h.quatern_b = not_a_number; },
           [](H& h) { h.qform_code = 1, h.pixdim[3] = 0; },
           [](H& h) { h.cal_max = h.toffset = h.slice_duration = not_a_number; },
       }) {
    SampleNifti<float> sample = good;
    change(sample.header);
    const NiftiVolume read = nifti_of(sample.bytes(), "x");
    CHECK(read.spatial.affine == expected);
    CHECK(read.disagreement.empty());
  }
  SampleNifti<float> mirrored = good;  // a negative voxel size does not hide that the forms disagree
  mirrored.header.qform_code = 1;
  mirrored.header.pixdim[1] = -2;
  mirrored.header.srow_x[0] = -2;
  CHECK(nifti_of(mirrored.bytes(), "x").disagreement.find("mirror image") != std::string::npos);
}

TEST_CASE("read_nifti: bytes behind the end of the gzip data are ignored with a warning, padding without one") {
  const std::string packed = gzipped(SampleNifti<float>(DT_FLOAT32).bytes());
  CHECK(nifti_of(packed, "x").warning.empty());
  CHECK(nifti_of(packed + std::string(512, '\0'), "x").warning.empty());
  CHECK(nifti_of(packed + "\r\n", "x").warning == "2 bytes behind the end of the gzip data were ignored");
  CHECK(nifti_of(packed + std::string("\r\0\n", 3), "x").warning ==
        "3 bytes behind the end of the gzip data were ignored");
}

TEST_CASE("read_nifti: the qform is used if there is no sform, and without both the position is unknown") {
  SampleNifti<float> sample(DT_FLOAT32);
  sample.header.sform_code = 0;
  sample.header.qform_code = 1;
  sample.header.pixdim[0] = -1;
  sample.header.pixdim[3] = 3;
  sample.header.quatern_c = 1;  // half a turn about y
  sample.header.qoffset_x = 90;
  NiftiVolume read = nifti_of(sample.bytes(), "x");
  CHECK(read.affine_from == NiftiVolume::Source::qform);
  CHECK(orientation(read.spatial.affine).letters() == "LAS");
  const Vector3 far = read.spatial.affine({2, 1, 1});
  for (std::size_t a = 0; a < 3; ++a) CHECK(far[a] == doctest::Approx(Vector3{86, 2, 3}[a]));
  sample.header.qform_code = 0;
  read = nifti_of(sample.bytes(), "x");
  CHECK(read.affine_from == NiftiVolume::Source::none);
  CHECK(read.disagreement.empty());
}

TEST_CASE("read_nifti: sform and qform that disagree about left and right are reported, small rotations are not") {
  SampleNifti<float> sample(DT_FLOAT32);
  sample.header.qform_code = 1;
  sample.header.quatern_d = 0.1f;  // 11 degrees
  CHECK(nifti_of(sample.bytes(), "x").disagreement.empty());
  sample.header.quatern_d = 0;
  sample.header.srow_x[0] = -2;
  CHECK(nifti_of(sample.bytes(), "x").disagreement ==
        "voxel axis 1 points left by the sform, right by the qform: the sform shows the mirror image of the qform");
  sample.header.srow_y[1] = -2;  // half a turn: no exchange
  CHECK(
      nifti_of(sample.bytes(), "x").disagreement ==
      "voxel axis 1 points left by the sform, right by the qform; voxel axis 2 points back by the sform, front by the "
      "qform");
}

TEST_CASE("read_nifti: headers that contradict themselves are corrupt") {
  using H = nifti_1_header;
  const auto corrupt = [](const auto& change, const char* word) { check_refused(change, ErrorKind::corrupt, word); };
  corrupt([](H& h) { h.dim[0] = 200; }, "200 dimensions");
  corrupt([](H& h) { h.dim[0] = -3; }, "-3 dimensions");
  corrupt([](H& h) { h.dim[2] = 0; }, "dimension 2 has length 0");
  corrupt([](H& h) { h.dim[3] = -5; }, "dimension 3 has length -5");
  corrupt([](H& h) { h.bitpix = 16; }, "16 bits");
  corrupt([](H& h) { h.scl_inter = std::numeric_limits<float>::infinity(); }, "inf");
  corrupt([](H& h) { h.vox_offset = not_a_number; }, "nan");
  corrupt([](H& h) { h.vox_offset = -352; }, "byte -352");
  corrupt([](H& h) { h.vox_offset = 1e30f; }, "start at byte");
  corrupt([](H& h) { h.vox_offset = 352.5f; }, "352.5");
  corrupt([](H& h) { h.sform_code = 0, h.pixdim[2] = not_a_number; }, "voxel size");
  corrupt([](H& h) { h.srow_y[3] = not_a_number; }, "sform");
  corrupt([](H& h) { h.srow_y[1] = 0; }, "edge is 0 mm");
  corrupt([](H& h) { h.srow_y[0] = 2, h.srow_y[1] = 0; }, "edge is 0 mm");
  corrupt([](H& h) { h.srow_x[1] = 2, h.srow_y[1] = 0; }, "plane");
  corrupt([](H& h) { h.sform_code = 0, h.pixdim[1] = 0; }, "voxel size 1 is 0");
  corrupt([](H& h) { h.sform_code = 0, h.qform_code = 1, h.quatern_b = not_a_number; }, "qform");
}

TEST_CASE("read_nifti: files without a single volume of real numbers are refused as data, with a fix") {
  using H = nifti_1_header;
  const auto data = [](const auto& change, const char* word) { check_refused(change, ErrorKind::data, word); };
  data([](H& h) { h.dim[0] = 4, h.dim[4] = 40; }, "40 volumes");
  data([](H& h) { h.datatype = DT_RGB24, h.bitpix = 24; }, "RGB24");
  data([](H& h) { h.datatype = DT_COMPLEX64, h.bitpix = 64; }, "COMPLEX64");
  data([](H& h) { h.datatype = 77; }, "type 77");
  data([](H& h) { h.xyzt_units = NIFTI_UNITS_MICRON; }, "micrometres");
  data([](H& h) { std::memset(h.magic, 0, 4); }, "Analyze");
  data([](H& h) { h.sizeof_hdr = 1234; }, "not a NIfTI file");
  data([](H& h) { h.dim[1] = h.dim[2] = 32000, h.dim[3] = 3; }, "at most");
  check_fails([] { (void)nifti_of("PK", "x"); }, ErrorKind::data, {"not a NIfTI file"});
}

TEST_CASE(
    "read_nifti: a header cannot claim more voxels than the file can contain, and no memory is allocated for them") {
  rlimit before{};
  getrlimit(RLIMIT_AS, &before);
  std::ifstream status("/proc/self/statm");
  std::size_t pages = 0;
  status >> pages;
  const rlimit limit = {pages * 4096 + (std::size_t{64} << 20), before.rlim_max};
  for (const std::array<Index, 3> claimed : {std::array<Index, 3>{500, 500, 500}, {130, 129, 128}, {3, 4, 3}}) {
    SampleNifti<float> sample(DT_FLOAT32);
    for (std::size_t a = 0; a < 3; ++a) sample.header.dim[a + 1] = static_cast<short>(claimed[a]);
    const std::string plain = sample.bytes(), packed = gzipped(plain);
    setrlimit(RLIMIT_AS, &limit);
    check_fails([&] { (void)nifti_of(plain, "x"); }, ErrorKind::corrupt, {"file is shorter"});
    // Packed data may be up to a thousand times as long: a small claim is only found while reading.
    check_fails([&] { (void)nifti_of(packed, "x"); }, ErrorKind::corrupt,
                {claimed[0] > 3 ? "file is shorter" : "bytes too short"});
    setrlimit(RLIMIT_AS, &before);
  }
  SampleNifti<float, nifti_2_header> two(DT_FLOAT32);
  two.header.dim[1] = two.header.dim[2] = two.header.dim[3] = Index{1} << 40;
  check_fails([&] { (void)nifti_of(two.bytes(), "x"); }, ErrorKind::corrupt, {"overflow"});
}

TEST_CASE("read_nifti: a file that is cut at any byte, a wrong checksum and a gzip bomb are corrupt") {
  const std::string plain = SampleNifti<float>(DT_FLOAT32).bytes(), packed = gzipped(plain);
  for (std::size_t n = 0; n < plain.size(); ++n) CHECK_THROWS_AS(nifti_of(plain.substr(0, n), "x"), Error);
  for (std::size_t n = 0; n < packed.size(); ++n) CHECK_THROWS_AS(nifti_of(packed.substr(0, n), "x"), Error);
  std::string wrong = packed;
  wrong[wrong.size() - 8] ^= 1;
  check_fails([&] { (void)nifti_of(wrong, "x"); }, ErrorKind::corrupt, {"gzip"});
  const std::string bomb = gzipped(plain + std::string(std::size_t{200} << 20, '\0'));
  check_fails([&] { (void)nifti_of(bomb, "x"); }, ErrorKind::corrupt, {"more data than its header states"});
  CHECK(nifti_of(gzipped(plain.substr(0, 360)) + gzipped(plain.substr(360)) + std::string(100, '\0'), "x")
            .spatial.volume.values == nifti_of(plain, "x").spatial.volume.values);
}

TEST_CASE("read_nifti: any changed byte gives a volume or a named error, never a crash") {
  const std::string plain = SampleNifti<std::int16_t>(DT_INT16).bytes(), packed = gzipped(plain);
  property("changed bytes", [&] {
    std::string bytes = *rc::gen::arbitrary<bool>() ? plain : packed;
    for (int k = *rc::gen::inRange(1, 5); k > 0; --k)
      bytes[*rc::gen::inRange<std::size_t>(0, bytes.size())] = static_cast<char>(*rc::gen::inRange(0, 256));
    try {
      (void)nifti_of(bytes, "x", {1 << 20});
    } catch (const Error& error) {
      RC_ASSERT(error.kind() == ErrorKind::corrupt || error.kind() == ErrorKind::data);
    }
  });
}

TEST_CASE("read_nifti: a pair of files is found from either name, with its image packed or not") {
  const TemporaryFile header("pair.hdr"), image("pair.img"), packed("pair.img.gz");
  SampleNifti<float> sample(DT_FLOAT32);
  std::memcpy(sample.header.magic, "ni1", 4);
  sample.header.vox_offset = 0;
  const std::string bytes = sample.bytes();
  write(header.path, bytes.substr(0, 348));
  check_fails([&] { (void)read_nifti(header.path); }, ErrorKind::data,
              {header.path, fs::path(image.path).filename().string() + ", which does not exist"});
  fs::create_symlink(".git/annex/objects/x", image.path);
  check_fails([&] { (void)read_nifti(header.path); }, ErrorKind::data,
              {image.path, "the content of the file was not downloaded"});
  fs::remove(image.path);
  write(packed.path, gzipped(bytes.substr(352)));
  CHECK(read_nifti(header.path).spatial.volume.values[8] == 1);
  CHECK(read_nifti(packed.path).spatial.volume.values[8] == 1);
  write(image.path, bytes.substr(352));
  CHECK(read_nifti(header.path).spatial.volume.values[8] == 1);
  CHECK(read_nifti(image.path).spatial.volume.values[8] == 1);
  check_fails([&] { (void)nifti_of(bytes, "x"); }, ErrorKind::data, {"another file"});
}

TEST_CASE("read_nifti: a folder, a pipe, an empty file and a missing file are data errors") {
  const TemporaryFile path("odd.nii");
  check_fails([&] { (void)read_nifti(path.path); }, ErrorKind::data, {path.path, "no such file"});
  write(path.path, "");
  check_fails([&] { (void)read_nifti(path.path); }, ErrorKind::data, {"empty"});
  fs::remove(path.path);
  mkfifo(path.path.c_str(), 0600);
  check_fails([&] { (void)read_nifti(path.path); }, ErrorKind::data, {"pipe"});
  fs::remove(path.path);
  fs::create_directory(path.path);
  check_fails([&] { (void)read_nifti(path.path); }, ErrorKind::data, {"folder"});
}
