// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <fmt/format.h>
#include <hdf5.h>
#include <signal.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <utility>

#include "data/files/storage.h"
#include "data/files/sums.h"
#include "data/formats/hdf5_file.h"
#include "data/formats/hdf5_id.h"
#include "data/formats/parts.h"
#include "tensor/error.h"

namespace cg {

using namespace hdf5;

namespace {

/// After a failed write the library's clean-up at exit crashes (HDF5 1.10). Files are closed here in any case. The call
/// must come before the first use of the library.
[[maybe_unused]] const herr_t no_clean_up_at_exit = H5dont_atexit();

Index chunk_elements(const Shape& shape) { return shape.empty() ? 1 : count(shape) / std::max<Index>(shape[0], 1); }

template <class T>
hid_t memory_type();
template <>
hid_t memory_type<float>() {
  return H5T_NATIVE_FLOAT;
}
template <>
hid_t memory_type<double>() {
  return H5T_NATIVE_DOUBLE;
}
template <>
hid_t memory_type<Index>() {
  return H5T_NATIVE_INT64;
}
template <>
hid_t memory_type<std::uint8_t>() {
  return H5T_NATIVE_UINT8;
}

/// Whether the process that created this temporary file has ended: it does not run on this machine, and no machine
/// holds the lock that the library keeps on an open file.
bool abandoned(const std::filesystem::path& file, const std::string& process) {
  if (process.empty() || process.find_first_not_of("0123456789") != process.npos || process.size() > 9) return false;
  if (kill(std::stoi(process), 0) == 0 || errno != ESRCH) return false;
  const int descriptor = open(file.c_str(), O_RDWR | O_NOFOLLOW | O_CLOEXEC);
  const bool free = descriptor >= 0 && flock(descriptor, LOCK_EX | LOCK_NB) == 0;
  if (descriptor >= 0) close(descriptor);
  return free;
}

/// The beginning of the names of temporary files for `path`; short enough that the rest fits a file name of 255 bytes.
std::string temporary_name(const std::filesystem::path& path) {
  constexpr std::size_t most = 230;
  return path.filename().string().substr(0, most) + ".";
}

/// Removes temporary files of earlier writers of this file that were killed.
void remove_abandoned(const std::filesystem::path& path) {
  const std::string before = temporary_name(path), after = ".tmp";
  std::error_code ignored;
  for (const auto& entry :
       std::filesystem::directory_iterator(std::filesystem::absolute(path).parent_path(), ignored)) {
    const std::string name = entry.path().filename().string();
    if (name.size() < before.size() + after.size() || !name.starts_with(before) || !name.ends_with(after)) continue;
    const std::string process = name.substr(before.size(), name.size() - before.size() - after.size());
    if (abandoned(entry.path(), process)) std::filesystem::remove(entry.path(), ignored);
  }
}

/// Creation properties for datasets: without a time stamp, so that equal content gives equal bytes.
Id untimed() {
  Id properties(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
  H5Pset_obj_track_times(properties, false);
  return properties;
}

}  // namespace

struct H5Writer::File {
  Id id;
  std::string path;  ///< of the finished file, for messages; empty for a file in memory
  bool with_digests = true;
  Sums sums;

  /// The digest of a part, unless the file has none.
  template <class Digest>
  void note(const std::string& part, const Digest& digest) {
    if (with_digests) sums.add(part, digest());
  }

  void check(bool good) const {
    if (good) return;
    if (path.empty())
      fail(ErrorKind::memory, "an HDF5 file in memory", "the file cannot be created", "Free some memory.");
    fail(ErrorKind::storage, path, "writing failed (full disk, quota, or an I/O error)",
         "Check the free space and your quota, or choose another folder.");
  }

  /// Chunks are written to the disk when their dataset is closed. Without this check a full disk would lose them
  /// silently.
  void finish(Id& object, herr_t written) const { check(written >= 0 && object.close() >= 0); }

  Id make(const std::string& dataset, hid_t type, hid_t space, const Id& properties = untimed()) const {
    const Id links(H5Pcreate(H5P_LINK_CREATE), H5Pclose);
    H5Pset_create_intermediate_group(links, 1);
    Id created(H5Dcreate2(id, dataset.c_str(), type, space, links, properties, H5P_DEFAULT), H5Dclose);
    check(created.valid());
    return created;
  }

  template <class T>
  void write(const std::string& dataset, const Shape& shape, std::span<const T> values) const {
    const Lock lock(library);
    assert(static_cast<Index>(values.size()) == count(shape));
    const std::vector<hsize_t> size = extents(shape);
    const Id space(H5Screate_simple(static_cast<int>(size.size()), size.data(), nullptr), H5Sclose);
    Id created = make(dataset, memory_type<T>(), space);
    finish(created, H5Dwrite(created, memory_type<T>(), H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()));
  }

  template <class T>
  void write_row(const std::string& dataset, Index row, std::span<const T> values) const {
    const Lock lock(library);
    Id open(H5Dopen2(id, dataset.c_str(), H5P_DEFAULT), H5Dclose);
    assert(open.valid());
    const Id space(H5Dget_space(open), H5Sclose);
    std::vector<hsize_t> size = extents(shape_of(space)), start(size.size(), 0);
    start[0] = static_cast<hsize_t>(row);
    size[0] = 1;
    assert(static_cast<Index>(values.size()) == count(Shape(size.begin(), size.end())));
    check(H5Sselect_hyperslab(space, H5S_SELECT_SET, start.data(), nullptr, size.data(), nullptr) >= 0);
    const Id memory(H5Screate_simple(static_cast<int>(size.size()), size.data(), nullptr), H5Sclose);
    finish(open, H5Dwrite(open, memory_type<T>(), memory, space, H5P_DEFAULT, values.data()));
  }

  void write_attribute(const std::string& name, hid_t type, const void* value, const std::string& object) const {
    const Lock lock(library);
    const Id space(H5Screate(H5S_SCALAR), H5Sclose);
    Id created(H5Acreate_by_name(id, object.c_str(), name.c_str(), type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT),
               H5Aclose);
    check(created.valid());
    finish(created, H5Awrite(created, type, value));
  }
};

H5Writer::H5Writer(const std::string& path) : path_(link_target(path).string()) {
  if (is_device(path))
    fail(ErrorKind::usage, path, "a device or a pipe, expected a file: HDF5 does not write bytes in order",
         "Give the name of a file");
  if (std::filesystem::is_directory(path_))
    fail(ErrorKind::usage, path, "a folder, expected the name of a file", "Give the name of a file");
  const std::filesystem::path folder = std::filesystem::path(path_).parent_path();
  temporary_ = (folder / fmt::format("{}{}.tmp", temporary_name(path_), getpid())).string();
  const Lock lock(library);
  remove_abandoned(path_);
  const hid_t id = H5Fcreate(temporary_.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
  if (id < 0)
    fail(ErrorKind::storage, path_, "the file cannot be created", "Check that its folder exists and is writable.");
  file_ = std::make_unique<File>(File{{id, H5Fclose}, path_, true, {}});
}

H5Writer::H5Writer(bool with_digests) {
  const Lock lock(library);
  constexpr std::size_t growth = 1 << 20;  // bytes
  const Id access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
  H5Pset_fapl_core(access, growth, false);  // open files need different names
  const hid_t id = H5Fcreate(fmt::format("memory {}", fmt::ptr(this)).c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, access);
  file_ = std::make_unique<File>(File{{id, H5Fclose}, "", with_digests, {}});
  file_->check(id >= 0);
}

H5Writer::~H5Writer() {
  if (!file_) return;
  const Lock lock(library);
  file_.reset();
  std::error_code ignored;
  std::filesystem::remove(temporary_, ignored);
}

void H5Writer::numbers(const std::string& dataset, const Shape& shape, std::span<const double> values) {
  file_->write(dataset, shape, values);
  file_->note(dataset, [&] { return parts::digest_of(shape, values); });
}
void H5Writer::integers(const std::string& dataset, const Shape& shape, std::span<const Index> values) {
  file_->write(dataset, shape, values);
  file_->note(dataset, [&] { return parts::digest_of(shape, values); });
}
void H5Writer::floats(const std::string& dataset, const Shape& shape, std::span<const float> values) {
  file_->write(dataset, shape, values);
  file_->note(dataset, [&] { return parts::digest_of(shape, values); });
}
void H5Writer::bytes(const std::string& dataset, const Shape& shape, std::span<const std::uint8_t> values) {
  file_->write(dataset, shape, values);
}

void H5Writer::strings(const std::string& dataset, const std::vector<std::string>& values) {
  file_->note(dataset, [&] { return parts::digest_of(values); });
  const Lock lock(library);
  std::size_t longest = 1;
  for (const std::string& value : values) longest = std::max(longest, value.size());
  std::vector<char> bytes(values.size() * longest, '\0');
  for (std::size_t i = 0; i < values.size(); ++i)
    std::copy(values[i].begin(), values[i].end(), bytes.begin() + static_cast<std::ptrdiff_t>(i * longest));
  const Id type(H5Tcopy(H5T_C_S1), H5Tclose);
  H5Tset_size(type, longest);
  H5Tset_strpad(type, H5T_STR_NULLPAD);
  H5Tset_cset(type, H5T_CSET_UTF8);
  const hsize_t n = values.size();
  const Id space(H5Screate_simple(1, &n, nullptr), H5Sclose);
  Id created = file_->make(dataset, type, space);
  file_->finish(created, H5Dwrite(created, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, bytes.data()));
}

void H5Writer::make_rows(const std::string& dataset, const Spec& spec) {
  if (spec.dtype == DType::f32) file_->note(parts::shape(dataset), [&] { return parts::digest_of(spec.shape); });
  const Lock lock(library);
  std::vector<hsize_t> size = extents(spec.shape), chunk = size;
  chunk[0] = 1;
  const Id space(H5Screate_simple(static_cast<int>(size.size()), size.data(), nullptr), H5Sclose);
  const Id properties = untimed();
  H5Pset_chunk(properties, static_cast<int>(chunk.size()), chunk.data());
  if (chunk_elements(spec.shape) > 1) {
    H5Pset_shuffle(properties);
    H5Pset_deflate(properties, 1);
  }
  file_->make(dataset, spec.dtype == DType::u8 ? H5T_NATIVE_UINT8 : H5T_NATIVE_FLOAT, space, properties);
}

void H5Writer::row(const std::string& dataset, Index row, std::span<const float> values) {
  file_->write_row(dataset, row, values);
  file_->note(parts::row(dataset, row), [&] { return parts::digest_of_row(values); });
}
void H5Writer::row(const std::string& dataset, Index row, std::span<const std::uint8_t> values) {
  file_->write_row(dataset, row, values);
}

void H5Writer::attribute(const std::string& name, double value, const std::string& object) {
  file_->write_attribute(name, H5T_NATIVE_DOUBLE, &value, object);
  if (object == "/") file_->note(parts::attribute(name), [&] { return parts::digest_of_attribute(value); });
}

void H5Writer::attribute(const std::string& name, const std::string& value, const std::string& object) {
  const Lock lock(library);
  const Id type(H5Tcopy(H5T_C_S1), H5Tclose);
  H5Tset_size(type, std::max<std::size_t>(value.size(), 1));
  H5Tset_strpad(type, H5T_STR_NULLPAD);
  H5Tset_cset(type, H5T_CSET_UTF8);
  file_->write_attribute(name, type, value.empty() ? "" : value.data(), object);
  if (object == "/") file_->note(parts::attribute(name), [&] { return parts::digest_of_attribute(value); });
}

void H5Writer::add_sums() {
  if (std::exchange(file_->with_digests, false)) strings(Sums::name, {file_->sums.text()});
}

std::string H5Writer::image(std::size_t room) {
  add_sums();
  const Lock lock(library);
  file_->check(H5Fflush(file_->id, H5F_SCOPE_GLOBAL) >= 0);
  const ssize_t size = H5Fget_file_image(file_->id, nullptr, 0);
  file_->check(size > 0);
  std::string bytes(room + static_cast<std::size_t>(size), '\0');
  file_->check(H5Fget_file_image(file_->id, bytes.data() + room, bytes.size() - room) == size);
  return bytes;
}

void H5Writer::commit() {
  add_sums();
  const Lock lock(library);
  file_->check(H5Fflush(file_->id, H5F_SCOPE_GLOBAL) >= 0 && file_->id.close() >= 0);
  file_.reset();
  const auto synchronise = [&](const std::string& path) {
    const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    const bool good = descriptor >= 0 && fsync(descriptor) == 0;
    if (descriptor >= 0) close(descriptor);
    return good;
  };
  const auto folder = std::filesystem::absolute(path_).parent_path();
  if (!synchronise(temporary_) || std::rename(temporary_.c_str(), path_.c_str()) != 0 ||
      !synchronise(folder.string())) {
    std::error_code ignored;
    std::filesystem::remove(temporary_, ignored);
    fail(ErrorKind::storage, path_, "the temporary file is complete, but cannot be renamed to this name",
         "Free some space, or choose another folder.");
  }
}

}  // namespace cg
