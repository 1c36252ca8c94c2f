// SPDX-License-Identifier: Apache-2.0
#include "tests/support/golden_reader.h"

#include <hdf5.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <type_traits>

namespace cg::test {
namespace {

/// An HDF5 handle that closes itself; throws when opening it failed.
class Handle {
 public:
  Handle(hid_t id, herr_t (*close)(hid_t), const std::string& what) : id_(id), close_(close) {
    if (id < 0) throw std::runtime_error("golden file: cannot open " + what);
  }
  ~Handle() { close_(id_); }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  operator hid_t() const { return id_; }  // NOLINT: used as the number it is

 private:
  hid_t id_;
  herr_t (*close_)(hid_t);
};

void require(bool good, const std::string& what) {
  if (!good) throw std::runtime_error("golden file: cannot read " + what);
}

}  // namespace

std::string golden_folder() {
  const char* folder = std::getenv("CORTEXGRAD_GOLDEN");
  return folder != nullptr && *folder != '\0' ? folder : CG_TEST_GOLDEN;
}

GoldenFile::GoldenFile(const std::string& file) : path_(golden_folder() + "/" + file) {
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);  // errors are thrown, not printed
  if (!std::filesystem::exists(path_)) throw std::runtime_error("golden file: " + path_ + " is missing");
  file_ = H5Fopen(path_.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT);
  if (file_ < 0) throw std::runtime_error("golden file: cannot open " + path_);
}

GoldenFile::~GoldenFile() { H5Fclose(file_); }

std::vector<std::string> GoldenFile::groups() const {
  std::vector<std::string> names;
  const auto add = [](hid_t, const char* name, const H5L_info_t*, void* to) -> herr_t {
    static_cast<std::vector<std::string>*>(to)->emplace_back(name);
    return 0;
  };
  require(H5Literate(file_, H5_INDEX_NAME, H5_ITER_INC, nullptr, add, &names) >= 0, path_);
  return names;
}

std::string GoldenFile::text(const std::string& group, const std::string& attribute) const {
  const std::string what = path_ + ": " + group + "@" + attribute;
  const Handle a(H5Aopen_by_name(file_, group.c_str(), attribute.c_str(), H5P_DEFAULT, H5P_DEFAULT), H5Aclose, what);
  const Handle type(H5Aget_type(a), H5Tclose, what);
  require(H5Tis_variable_str(type) > 0, what);
  char* read = nullptr;
  require(H5Aread(a, type, &read) >= 0 && read != nullptr, what);
  const std::string out = read;
  H5free_memory(read);
  return out;
}

template <class T>
std::vector<T> GoldenFile::read_attribute(const std::string& group, const std::string& attribute) const {
  const std::string what = path_ + ": " + group + "@" + attribute;
  const Handle a(H5Aopen_by_name(file_, group.c_str(), attribute.c_str(), H5P_DEFAULT, H5P_DEFAULT), H5Aclose, what);
  const Handle space(H5Aget_space(a), H5Sclose, what);
  const hssize_t count = H5Sget_simple_extent_npoints(space);
  require(count > 0, what);
  std::vector<T> out(static_cast<std::size_t>(count));
  const hid_t type = std::is_same_v<T, double> ? H5T_NATIVE_DOUBLE : H5T_NATIVE_INT64;
  require(H5Aread(a, type, out.data()) >= 0, what);
  return out;
}

std::int64_t GoldenFile::integer(const std::string& group, const std::string& attribute) const {
  return integers(group, attribute).at(0);
}

std::vector<std::int64_t> GoldenFile::integers(const std::string& group, const std::string& attribute) const {
  return read_attribute<std::int64_t>(group, attribute);
}

double GoldenFile::number(const std::string& group, const std::string& attribute) const {
  return read_attribute<double>(group, attribute).at(0);
}

std::vector<std::int64_t> GoldenFile::shape(const std::string& dataset) const {
  const std::string what = path_ + ": " + dataset;
  const Handle d(H5Dopen2(file_, dataset.c_str(), H5P_DEFAULT), H5Dclose, what);
  const Handle space(H5Dget_space(d), H5Sclose, what);
  std::vector<hsize_t> extents(static_cast<std::size_t>(std::max(0, H5Sget_simple_extent_ndims(space))));
  require(H5Sget_simple_extent_dims(space, extents.data(), nullptr) >= 0, what);
  return {extents.begin(), extents.end()};
}

std::vector<double> GoldenFile::numbers(const std::string& dataset) const {
  const std::string what = path_ + ": " + dataset;
  const Handle d(H5Dopen2(file_, dataset.c_str(), H5P_DEFAULT), H5Dclose, what);
  const Handle space(H5Dget_space(d), H5Sclose, what);
  const hssize_t count = H5Sget_simple_extent_npoints(space);
  require(count > 0, what);
  std::vector<double> out(static_cast<std::size_t>(count));
  require(H5Dread(d, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, out.data()) >= 0, what);
  return out;
}

}  // namespace cg::test
