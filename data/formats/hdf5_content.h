// SPDX-License-Identifier: Apache-2.0
// The content of an HDF5 file, read by the library in this process. A file that may be damaged is read in a sandbox:
// data/formats/hdf5_reader.cpp. Included only by data/formats/hdf5_*.cpp.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "data/files/sums.h"
#include "data/formats/hdf5_id.h"
#include "tensor/tensor.h"

namespace cg::hdf5 {

/// Methods and errors are those of H5Reader, which has a comment on each. No method takes the library's lock.
class Content {
 public:
  /// `bytes` must outlive it. `path` is for messages. Errors: corrupt; in_use: the file is marked as open for writing.
  Content(std::string path, std::string_view bytes);

  /// Every part that has a digest is compared with it when it is read. Errors: corrupt.
  bool has(const std::string& dataset) const;
  std::vector<std::string> members(const std::string& group) const;
  Shape shape(const std::string& dataset) const;
  std::vector<double> numbers(const std::string& dataset) const;
  std::vector<float> rows(const std::string& dataset, Index first, Index rows) const;
  bool holds_text(const std::string& dataset) const;
  std::vector<std::string> strings(const std::string& dataset) const;
  bool has_attribute(const std::string& name, const std::string& object) const;
  double number_attribute(const std::string& name, const std::string& object) const;
  std::string text_attribute(const std::string& name, const std::string& object) const;
  bool has_sums() const { return !sums_.empty(); }

 private:
  void check_rows(const std::string& dataset, Index first, Index rows, const std::vector<float>& values) const;
  bool is_text_attribute(const std::string& name) const;
  void check_sums() const;  ///< that all parts are there, and that attributes and shapes are right

  std::string path_;
  Id file_;
  Sums sums_;
};

}  // namespace cg::hdf5
