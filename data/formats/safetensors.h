// SPDX-License-Identifier: Apache-2.0
// The safetensors format: 8 bytes with the header's length (little endian), the header as JSON, the numbers.
//   {"__metadata__": {"key": "text"}, "encoder.conv1.weight": {"dtype": "F32", "shape": [64, 1, 7, 7, 7],
//    "data_offsets": [0, 87808]}, …}
// Offsets count from the end of the header. The arrays follow one another and fill the file, little endian, row-major.
#pragma once

#include "data/formats/weights_file.h"

namespace cg {

/// The largest header that is read, in bytes. A network of a hundred arrays has about ten thousand.
constexpr Index most_header_bytes = Index{8} << 20;

/// Errors: corrupt, if a byte of the file has no meaning or two: offsets that overlap, leave gaps or leave the file, a
/// size that does not fit the shape, a name that is there twice.
WeightsFile read_safetensors(const std::string& path, std::string_view bytes, const WeightsRequest& request);

/// The positions in a file: its beginning, with the header, and the first byte of each array after it.
struct SafetensorsLayout {
  std::string head;
  std::vector<std::size_t> at;  ///< from the beginning of the file, in the order of the given arrays
  std::size_t size = 0;         ///< of the file
};

/// An array to write; whole numbers as 64-bit integers, others as float32.
struct ArrayPlace {
  std::string name;
  Shape shape;
  Index count = 0;  ///< number of values
  bool counts = false;
};
SafetensorsLayout safetensors_layout(const std::vector<ArrayPlace>& arrays, const Texts& texts);

/// Equal content gives equal bytes; the numbers begin at a multiple of 8.
std::string write_safetensors(const std::vector<NamedArray>& arrays, const Texts& texts);

}  // namespace cg
