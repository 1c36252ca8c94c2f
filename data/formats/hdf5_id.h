// SPDX-License-Identifier: Apache-2.0
// Shared by the readers and the writer of HDF5 files: the library's lock, identifiers that close themselves, texts and
// numbers of any type. Included only by data/formats/hdf5_*.cpp.
#pragma once

#include <hdf5.h>

#include <algorithm>
#include <cstdint>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "tensor/tensor.h"

namespace cg::hdf5 {

/// The serial library is not thread-safe, and a loader reads while other threads write: one call at a time.
inline std::recursive_mutex library;

/// Holds the library. Switches off HDF5's own printing, which each thread must do; this code reports the errors.
class Lock {
 public:
  explicit Lock(std::recursive_mutex& mutex) : held_(mutex) { H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr); }

 private:
  std::lock_guard<std::recursive_mutex> held_;
};

/// An HDF5 identifier that closes itself.
class Id {
 public:
  Id(hid_t id, herr_t (*closer)(hid_t)) : id_(id), closer_(closer) {}
  ~Id() {
    if (id_ >= 0) closer_(id_);
  }
  Id(Id&& other) noexcept : id_(std::exchange(other.id_, -1)), closer_(other.closer_) {}
  Id& operator=(Id&&) = delete;
  operator hid_t() const { return id_; }  // NOLINT
  bool valid() const { return id_ >= 0; }
  herr_t close() { return closer_(std::exchange(id_, -1)); }

 private:
  hid_t id_;
  herr_t (*closer_)(hid_t);
};

inline std::vector<hsize_t> extents(const Shape& shape) { return {shape.begin(), shape.end()}; }

inline Shape shape_of(hid_t space) {
  const int rank = H5Sget_simple_extent_ndims(space);
  std::vector<hsize_t> sizes(static_cast<std::size_t>(std::max(rank, 0)));
  if (rank > 0) H5Sget_simple_extent_dims(space, sizes.data(), nullptr);
  return {sizes.begin(), sizes.end()};
}

/// The texts of a string dataset or attribute. `read(memory type, buffer)` reads it.
template <class Read>
std::vector<std::string> read_strings(hid_t type, std::size_t n, const Read& read) {
  std::vector<std::string> out;
  const Id memory(H5Tcopy(H5T_C_S1), H5Tclose);
  H5Tset_cset(memory, H5Tget_cset(type));
  if (H5Tis_variable_str(type) > 0) {
    H5Tset_size(memory, H5T_VARIABLE);
    std::vector<char*> pointers(n, nullptr);
    if (!read(memory, pointers.data())) return {};
    for (char* text : pointers) {
      out.emplace_back(text ? text : "");
      H5free_memory(text);
    }
    return out;
  }
  const std::size_t length = H5Tget_size(type);
  H5Tset_size(memory, length);
  H5Tset_strpad(memory, H5T_STR_NULLPAD);
  std::vector<char> bytes(n * length);
  if (!read(memory, bytes.data())) return {};
  for (std::size_t i = 0; i < n; ++i) {
    const char* text = bytes.data() + i * length;
    out.emplace_back(text, std::find(text, text + length, '\0'));
  }
  return out;
}

/// Also reads h5py's booleans: an enumeration of 8-bit integers.
inline bool read_number(hid_t attribute, hid_t type, double& value) {
  const H5T_class_t kind = H5Tget_class(type);
  if (kind == H5T_INTEGER || kind == H5T_FLOAT) return H5Aread(attribute, H5T_NATIVE_DOUBLE, &value) >= 0;
  if (kind != H5T_ENUM) return false;
  std::int64_t number = 0;
  const Id base(H5Tget_super(type), H5Tclose);
  if (H5Tget_size(base) > sizeof number || H5Aread(attribute, type, &number) < 0) return false;
  if (H5Tconvert(base, H5T_NATIVE_INT64, 1, &number, nullptr, H5P_DEFAULT) < 0) return false;
  value = static_cast<double>(number);
  return true;
}

}  // namespace cg::hdf5
