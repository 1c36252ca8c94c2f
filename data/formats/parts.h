// SPDX-License-Identifier: Apache-2.0
// The parts of a file that have a digest (data/files/sums.h), and their digests: of what reading gives, so that chunks
// and compression do not matter. A part is a dataset of HDF5, an array of safetensors, or an attribute. Datasets of
// bytes (masks, labels) have none. Included only by the readers and writers of data/formats.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "data/files/digest.h"
#include "tensor/tensor.h"

namespace cg::parts {

/// Before the name of an attribute of the root.
constexpr std::string_view attribute_mark = "attribute ";
inline std::string attribute(const std::string& name) { return std::string(attribute_mark) + name; }

/// Of a dataset that is written row by row: its shape, and each row.
constexpr std::string_view shape_mark = " [shape]";
inline std::string shape(const std::string& dataset) { return dataset + std::string(shape_mark); }
inline std::string row(const std::string& dataset, Index row) { return fmt::format("{}[{}]", dataset, row); }

/// The digest of one row.
inline std::string digest_of_row(std::span<const float> row) { return map_digest(row); }

inline std::string digest_of(const Shape& shape) { return sha256(to_string(shape)); }

/// A dataset of numbers of any type: its shape, and its numbers as 64-bit floats.
template <class Numbers>
std::string digest_of(const Shape& shape, const Numbers& values) {
  constexpr std::size_t at_once = 4096;
  Sha256 digest;
  digest.add(to_string(shape));
  std::vector<double> block;
  for (std::size_t first = 0; first < values.size(); first += at_once) {
    const auto begin = values.begin() + static_cast<std::ptrdiff_t>(first);
    block.assign(begin, begin + static_cast<std::ptrdiff_t>(std::min(at_once, values.size() - first)));
    digest.add({reinterpret_cast<const char*>(block.data()), block.size() * sizeof(double)});
  }
  return digest.hex();
}

inline std::string digest_of(const std::vector<std::string>& texts) {
  Sha256 digest;
  for (const std::string& text : texts) digest.add({text.c_str(), text.size() + 1});
  return digest.hex();
}

inline std::string digest_of_attribute(double value) { return sha256(fmt::format("{}", value)); }
inline std::string digest_of_attribute(const std::string& text) { return sha256(text); }

}  // namespace cg::parts
