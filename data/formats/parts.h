// SPDX-License-Identifier: Apache-2.0
// The parts of a file that have a digest (data/files/sums.h), and the bytes that it covers: those that reading gives,
// so that chunks and compression do not matter. A part is a dataset of HDF5, an array of safetensors, or an attribute.
// Datasets of bytes (masks, labels) have none. Included only by the readers and writers of data/formats.
#pragma once

#include <fmt/format.h>

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tensor/tensor.h"

namespace cg::parts {

/// Before the name of an attribute of the root.
constexpr std::string_view attribute_mark = "attribute ";
inline std::string attribute(const std::string& name) { return std::string(attribute_mark) + name; }

/// Of a dataset that is written row by row: its shape, and each row.
inline std::string shape(const std::string& dataset) { return dataset + " [shape]"; }
inline std::string row(const std::string& dataset, Index row) { return fmt::format("{}[{}]", dataset, row); }

inline std::string_view bytes_of_row(std::span<const float> row) {
  return {reinterpret_cast<const char*>(row.data()), row.size_bytes()};
}

inline std::string bytes_of(const Shape& shape) { return to_string(shape) + "\n"; }

/// A dataset of numbers of any type.
template <class Numbers>
std::string bytes_of(const Shape& shape, const Numbers& values) {
  const std::vector<double> doubles(values.begin(), values.end());
  return bytes_of(shape) + std::string(reinterpret_cast<const char*>(doubles.data()), doubles.size() * sizeof(double));
}

inline std::string bytes_of(const std::vector<std::string>& texts) {
  std::string bytes;
  for (const std::string& text : texts) bytes += text + '\0';
  return bytes;
}

inline std::string bytes_of(double attribute) { return fmt::format("{}", attribute); }

}  // namespace cg::parts
