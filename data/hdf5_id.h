// What the reader and the writer of HDF5 files share: the library's lock, and identifiers that close themselves.
// Included by hdf5_reader.cpp and hdf5_writer.cpp alone.
#pragma once

#include <hdf5.h>

#include <algorithm>
#include <mutex>
#include <utility>
#include <vector>

#include "tensor/tensor.h"

namespace cg::hdf5 {

/// The serial library is not thread-safe, and a loader reads while others write: one call at a time.
inline std::recursive_mutex library;

/// The library, held; errors are ours to report, and HDF5's own printing is switched off for each thread by itself.
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

}  // namespace cg::hdf5
