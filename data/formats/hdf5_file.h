// SPDX-License-Identifier: Apache-2.0
// Reads and writes HDF5 files. Only this code and hdf5_weights use the library. A file is read in a sandboxed child
// process, or written as a new file, never changed in place. Equal content gives equal bytes. Errors: data (no such
// file or dataset), corrupt (not HDF5, damaged, claims more than the file can hold, or keeps data in other files),
// in_use (another program writes the file), storage (writing).
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "tensor/tensor.h"

namespace cg {

class H5Reader {
 public:
  explicit H5Reader(const std::string& path);

  const std::string& path() const { return path_; }
  /// Whether the file has digests. Each part that has one is compared with it whenever it is read. Errors: corrupt.
  bool has_sums() const;
  bool has(const std::string& dataset) const;
  std::vector<std::string> members(
      const std::string& group = "/") const;  ///< names in a group, sorted, without the digests
  Shape shape(const std::string& dataset) const;
  std::vector<double> numbers(const std::string& dataset) const;  ///< the whole dataset, of any numeric type
  /// Entries `first` … `first + rows` − 1 along the first axis.
  std::vector<float> rows(const std::string& dataset, Index first, Index rows) const;
  bool holds_text(const std::string& dataset) const;
  std::vector<std::string> strings(const std::string& dataset) const;  ///< of fixed or variable length
  bool has_attribute(const std::string& name, const std::string& object = "/") const;
  double number_attribute(const std::string& name, const std::string& object = "/") const;
  std::string text_attribute(const std::string& name, const std::string& object = "/") const;

 private:
  struct File;
  std::string path_;
  std::shared_ptr<File> file_;
};

/// Writes a file that appears under its name only when it is complete: a temporary file beside it, renamed by `commit`.
/// Destroyed without `commit`, it leaves nothing. Or a file in memory, whose bytes the caller writes
/// (data/files/storage.h).
class H5Writer {
 public:
  explicit H5Writer(const std::string& path);
  /// A file in memory; errors are of kind memory. Without digests, the caller protects the file in another way.
  explicit H5Writer(bool with_digests = true);
  ~H5Writer();
  H5Writer(const H5Writer&) = delete;
  H5Writer& operator=(const H5Writer&) = delete;

  /// Write a whole dataset. The groups in its name are created.
  void numbers(const std::string& dataset, const Shape& shape, std::span<const double> values);
  void integers(const std::string& dataset, const Shape& shape, std::span<const Index> values);
  void floats(const std::string& dataset, const Shape& shape, std::span<const float> values);
  void bytes(const std::string& dataset, const Shape& shape, std::span<const std::uint8_t> values);
  void strings(const std::string& dataset, const std::vector<std::string>& values);
  /// Creates a dataset [rows, …] that `row` fills: one chunk per row, lightly compressed. f32 or u8.
  void make_rows(const std::string& dataset, const Spec& spec);
  void row(const std::string& dataset, Index row, std::span<const float> values);
  void row(const std::string& dataset, Index row, std::span<const std::uint8_t> values);
  void attribute(const std::string& name, double value, const std::string& object = "/");
  void attribute(const std::string& name, const std::string& value, const std::string& object = "/");

  // Both end the file: they add the dataset `sha256sums` with the digests of everything that was written
  // (data/files/sums.h).
  void commit();
  /// The bytes of a file in memory, after `room` zero bytes for the caller.
  std::string image(std::size_t room = 0);

 private:
  void add_sums();
  struct File;
  std::string path_, temporary_;
  std::unique_ptr<File> file_;
};

}  // namespace cg
