// SPDX-License-Identifier: Apache-2.0
// .npy files as NumPy writes them, and invalid ones.
#pragma once

#include <fstream>
#include <string>
#include <vector>

#include "tensor/tensor.h"

namespace cg::test {

/// A header with its magic; `text` is the dictionary.
inline std::string npy_header(const std::string& text, int version = 1) {
  std::string padded = text;
  const std::size_t before = version == 1 ? 10 : 12;
  while ((before + padded.size() + 1) % 64 != 0) padded += ' ';
  padded += '\n';
  std::string out = "\x93NUMPY";
  out += static_cast<char>(version);
  out += '\0';
  for (std::size_t k = 0; k < (version == 1 ? 2 : 4); ++k) out += static_cast<char>(padded.size() >> 8 * k & 255);
  return out + padded;
}

inline std::string npy_header(const std::string& type, bool fortran, const Shape& shape, int version = 1) {
  std::string extents;
  for (const Index n : shape) extents += std::to_string(n) + ", ";
  if (shape.size() > 1) extents.resize(extents.size() - 2);
  if (shape.size() == 1) extents.resize(extents.size() - 1);
  return npy_header(
      "{'descr': '" + type + "', 'fortran_order': " + (fortran ? "True" : "False") + ", 'shape': (" + extents + "), }",
      version);
}

template <class T>
std::string bytes_of(const std::vector<T>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

inline void write_bytes(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

/// Float32 in C order.
inline void write_npy(const std::string& path, const Shape& shape, const std::vector<float>& values) {
  write_bytes(path, npy_header("<f4", false, shape) + bytes_of(values));
}

/// Text, as numpy.array([...]) of ASCII strings.
inline void write_npy_texts(const std::string& path, const std::vector<std::string>& texts) {
  std::size_t longest = 1;
  for (const std::string& text : texts) longest = std::max(longest, text.size());
  std::string bytes = npy_header("<U" + std::to_string(longest), false, {static_cast<Index>(texts.size())});
  for (const std::string& text : texts)
    for (std::size_t k = 0; k < longest; ++k)
      bytes += (k < text.size() ? std::string(1, text[k]) : std::string(1, '\0')) + std::string(3, '\0');
  write_bytes(path, bytes);
}

}  // namespace cg::test
