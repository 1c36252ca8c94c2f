// SPDX-License-Identifier: Apache-2.0
// Arrays in NumPy's .npy files, read one row at a time: a stack of 12 GB needs the memory of one map. Headers are
// parsed strictly. Pickled objects are never read.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "data/files/input_file.h"
#include "tensor/tensor.h"

namespace cg {

class NpyFile {
 public:
  /// Errors: data (not a plain file, not .npy, elements that are neither numbers nor text), corrupt (a header that
  /// contradicts itself or the file's size).
  explicit NpyFile(const std::filesystem::path& path);

  const std::string& path() const { return path_; }
  const Shape& shape() const { return header_.shape; }
  /// NumPy's name of the elements' type: "<f4", ">i2", "|u1", "<U12".
  const std::string& type() const { return header_.type; }
  bool fortran_order() const { return header_.fortran; }

  /// All elements, or entry i along the first axis. The last axis is the fastest, for any order in the file.
  /// Errors: data (text; more than 2^27 elements; a row of a larger Fortran-ordered stack), corrupt, storage.
  std::vector<float> all() const;
  std::vector<float> row(Index i) const;

  /// The elements of a vector, or of a matrix with one column, as text; whole numbers without a decimal point.
  /// Errors: data (another shape, more than a million, numbers that are not whole).
  std::vector<std::string> texts() const;

 private:
  struct Header {
    std::string type;
    bool fortran = false;
    Shape shape;
    Index first = 0;    ///< position of the first element, bytes
    Index element = 0;  ///< bytes
  };
  static Header parse(std::string_view text, const std::string& name);
  std::string bytes(Index first, Index elements) const;
  std::vector<float> gathered(Index i, Index rows) const;
  void require_numbers() const;

  std::string path_;
  InputFile input_;
  Header header_;
};

}  // namespace cg
