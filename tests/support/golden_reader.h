// SPDX-License-Identifier: Apache-2.0
// Reads the golden files of tests/golden: groups, attributes and float64 datasets of an HDF5 file.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace cg::test {

/// The folder named by CORTEXGRAD_GOLDEN, by default tests/golden.
std::string golden_folder();

/// An open golden file; every call throws std::runtime_error, naming file and item, when something is missing.
class GoldenFile {
 public:
  explicit GoldenFile(const std::string& file);  ///< `file` in the golden folder
  ~GoldenFile();
  GoldenFile(const GoldenFile&) = delete;
  GoldenFile& operator=(const GoldenFile&) = delete;

  std::vector<std::string> groups() const;  ///< of the root, by name
  std::string text(const std::string& group, const std::string& attribute) const;
  std::int64_t integer(const std::string& group, const std::string& attribute) const;
  std::vector<std::int64_t> integers(const std::string& group, const std::string& attribute) const;
  double number(const std::string& group, const std::string& attribute) const;
  std::vector<double> numbers(const std::string& dataset) const;  ///< all of it, row-major; a scalar is one number
  std::vector<std::int64_t> shape(const std::string& dataset) const;

 private:
  template <class T>
  std::vector<T> read_attribute(const std::string& group, const std::string& attribute) const;
  std::string path_;
  std::int64_t file_ = -1;
};

}  // namespace cg::test
