// Reading and writing HDF5: the only place that speaks to the library. Files are read-only or written anew, never
// changed in place; equal content gives equal bytes. Errors: data (no such file or dataset), corrupt (not HDF5,
// damaged, claiming more than the file can hold, or with data in other files), storage (writing).
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
  bool has(const std::string& dataset) const;
  std::vector<std::string> members(const std::string& group = "/") const;  ///< names in a group, sorted
  Shape shape(const std::string& dataset) const;
  std::vector<double> numbers(const std::string& dataset) const;  ///< all of it, of any numeric type
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

/// A file that appears under its name only when it is whole: it is written beside it and renamed by `commit`. Destroyed
/// without `commit`, it leaves nothing. Or a file in memory, whose bytes somebody else writes (data/files/storage.h).
class H5Writer {
 public:
  explicit H5Writer(const std::string& path);
  H5Writer();  ///< in memory; errors are of kind memory
  ~H5Writer();
  H5Writer(const H5Writer&) = delete;
  H5Writer& operator=(const H5Writer&) = delete;

  /// Datasets; the groups in their names are made.
  void numbers(const std::string& dataset, const Shape& shape, std::span<const double> values);
  void integers(const std::string& dataset, const Shape& shape, std::span<const Index> values);
  void floats(const std::string& dataset, const Shape& shape, std::span<const float> values);
  void bytes(const std::string& dataset, const Shape& shape, std::span<const std::uint8_t> values);
  void strings(const std::string& dataset, const std::vector<std::string>& values);
  /// A dataset [rows, …] to be filled row by row, a chunk a row, compressed lightly. f32 or u8.
  void make_rows(const std::string& dataset, const Spec& spec);
  void row(const std::string& dataset, Index row, std::span<const float> values);
  void row(const std::string& dataset, Index row, std::span<const std::uint8_t> values);
  void attribute(const std::string& name, double value, const std::string& object = "/");
  void attribute(const std::string& name, const std::string& value, const std::string& object = "/");

  void commit();
  /// The bytes of a file in memory, so far, behind `room` zero bytes for the caller: a copy.
  std::string image(std::size_t room = 0) const;

 private:
  struct File;
  std::string path_, temporary_;
  std::unique_ptr<File> file_;
};

}  // namespace cg
