// The safetensors format: 8 bytes with the header's length (little endian), the header as JSON, the numbers.
//   {"__metadata__": {"key": "text"}, "encoder.conv1.weight": {"dtype": "F32", "shape": [64, 1, 7, 7, 7],
//    "data_offsets": [0, 87808]}, …}
// Offsets count from the header's end; arrays lie behind one another and fill the file, little endian, row-major.
#pragma once

#include "data/formats/weights_file.h"

namespace cg {

/// The most bytes of a header that are read; a network of a hundred arrays has some ten thousand.
constexpr Index most_header_bytes = Index{8} << 20;

/// Errors: corrupt, unless every byte of the file is accounted for: offsets that overlap, leave gaps or leave the file,
/// a size that is not the shape's, a name that stands twice.
WeightsFile read_safetensors(const std::string& path, std::string_view bytes, const WeightsRequest& request);

/// Where everything of a file stands: its beginning, with the header, and the first byte of each array behind it.
struct SafetensorsLayout {
  std::string head;
  std::vector<std::size_t> at;  ///< from the file's beginning, in the order of the arrays given
  std::size_t size = 0;         ///< of the file
};

/// An array that is to be written; counters as 64-bit integers, others as float32.
struct ArrayPlace {
  std::string name;
  Shape shape;
  Index count = 0;  ///< its values
  bool counts = false;
};
SafetensorsLayout safetensors_layout(const std::vector<ArrayPlace>& arrays, const Texts& texts);

/// Equal content gives equal bytes; the numbers begin at a multiple of 8.
std::string write_safetensors(const std::vector<NamedArray>& arrays, const Texts& texts);

}  // namespace cg
