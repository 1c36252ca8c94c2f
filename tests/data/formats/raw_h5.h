// SPDX-License-Identifier: Apache-2.0
// HDF5 files as other programs write them, mainly h5py: text of variable length, any chunks, gzip, links.
#pragma once

#include <hdf5.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

namespace cg::test {

/// A path for a file that is removed at the end.
struct TemporaryFile {
  std::string path;
  explicit TemporaryFile(const std::string& name)
      : path((std::filesystem::temp_directory_path() / ("cg-test-" + std::to_string(getpid()) + "-" + name)).string()) {
    std::filesystem::remove(path);
  }
  ~TemporaryFile() { std::filesystem::remove(path); }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
};

/// Opens a file for changing it. Its digests are removed, as in a file that another program wrote.
inline hid_t open_to_change(const std::string& path) {
  const hid_t file = H5Fopen(path.c_str(), H5F_ACC_RDWR, H5P_DEFAULT);
  if (H5Lexists(file, "sha256sums", H5P_DEFAULT) > 0) H5Ldelete(file, "sha256sums", H5P_DEFAULT);
  return file;
}

struct Storage {
  std::vector<hsize_t> chunk;  ///< empty: contiguous
  unsigned gzip = 0;           ///< level
  hid_t type = H5T_NATIVE_DOUBLE;
};

/// Writes a file through the C interface; failures throw.
class RawFile {
 public:
  explicit RawFile(const std::string& path) : file_(H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT)) {
    require(file_);
  }
  ~RawFile() { H5Fclose(file_); }
  RawFile(const RawFile&) = delete;
  RawFile& operator=(const RawFile&) = delete;
  hid_t id() const { return file_; }

  void numbers(const std::string& name, const std::vector<hsize_t>& shape, const std::vector<double>& values,
               const Storage& storage = {}) {
    const hid_t dataset = make(name, shape, storage);
    require(H5Dwrite(dataset, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()));
    H5Dclose(dataset);
  }

  /// A dataset without written data.
  void unwritten(const std::string& name, const std::vector<hsize_t>& shape, const Storage& storage = {}) {
    H5Dclose(make(name, shape, storage));
  }

  /// Text of variable length, as h5py writes str.
  void texts(const std::string& name, const std::vector<std::string>& values) {
    std::vector<const char*> pointers;
    for (const std::string& value : values) pointers.push_back(value.c_str());
    const hid_t type = text_type(H5T_VARIABLE, H5T_STR_NULLTERM);
    const hid_t dataset = make(name, {values.size()}, {{}, 0, type});
    require(H5Dwrite(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, pointers.data()));
    H5Dclose(dataset);
    H5Tclose(type);
  }

  /// Text of fixed length with any padding; `bytes` contains all entries one after another.
  void fixed_texts(const std::string& name, std::size_t length, const std::string& bytes, H5T_str_t padding) {
    const hid_t type = text_type(length, padding);
    const hid_t dataset = make(name, {bytes.size() / length}, {{}, 0, type});
    require(H5Dwrite(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, bytes.data()));
    H5Dclose(dataset);
    H5Tclose(type);
  }

  void attribute(const std::string& name, const std::vector<double>& values) {
    const hsize_t n = values.size();
    const hid_t space = n == 1 ? H5Screate(H5S_SCALAR) : H5Screate_simple(1, &n, nullptr);
    write_attribute(name, H5T_NATIVE_DOUBLE, space, values.data());
  }
  /// As h5py writes True and False: an enumeration of 8-bit integers.
  void bool_attribute(const std::string& name, bool value) {
    const hid_t type = H5Tenum_create(H5T_NATIVE_INT8);
    const std::int8_t no = 0, yes = 1, chosen = value ? yes : no;
    H5Tenum_insert(type, "FALSE", &no);
    H5Tenum_insert(type, "TRUE", &yes);
    write_attribute(name, type, H5Screate(H5S_SCALAR), &chosen);
    H5Tclose(type);
  }
  void text_attribute(const std::string& name, const std::vector<std::string>& values) {
    std::vector<const char*> pointers;
    for (const std::string& value : values) pointers.push_back(value.c_str());
    const hsize_t n = values.size();
    const hid_t space = n == 1 ? H5Screate(H5S_SCALAR) : H5Screate_simple(1, &n, nullptr);
    const hid_t type = text_type(H5T_VARIABLE, H5T_STR_NULLTERM);
    write_attribute(name, type, space, pointers.data());
    H5Tclose(type);
  }

 private:
  static void require(std::int64_t result) {
    if (result < 0) throw std::runtime_error("the test could not write its HDF5 file");
  }
  static hid_t text_type(std::size_t length, H5T_str_t padding) {
    const hid_t type = H5Tcopy(H5T_C_S1);
    H5Tset_size(type, length);
    H5Tset_strpad(type, padding);
    H5Tset_cset(type, H5T_CSET_UTF8);
    return type;
  }
  hid_t make(const std::string& name, const std::vector<hsize_t>& shape, const Storage& storage) {
    const hid_t space = H5Screate_simple(static_cast<int>(shape.size()), shape.data(), nullptr);
    const hid_t properties = H5Pcreate(H5P_DATASET_CREATE), links = H5Pcreate(H5P_LINK_CREATE);
    H5Pset_create_intermediate_group(links, 1);
    if (!storage.chunk.empty()) H5Pset_chunk(properties, static_cast<int>(storage.chunk.size()), storage.chunk.data());
    if (storage.gzip > 0) H5Pset_deflate(properties, storage.gzip);
    const hid_t dataset = H5Dcreate2(file_, name.c_str(), storage.type, space, links, properties, H5P_DEFAULT);
    require(dataset);
    H5Pclose(links);
    H5Pclose(properties);
    H5Sclose(space);
    return dataset;
  }
  void write_attribute(const std::string& name, hid_t type, hid_t space, const void* values) {
    const hid_t attribute = H5Acreate2(file_, name.c_str(), type, space, H5P_DEFAULT, H5P_DEFAULT);
    require(attribute);
    require(H5Awrite(attribute, type, values));
    H5Aclose(attribute);
    H5Sclose(space);
  }

  hid_t file_;
};

}  // namespace cg::test
