// SPDX-License-Identifier: Apache-2.0
// Weights as named arrays in a file from any source: HDF5 (one dataset per array) or safetensors. A file is read by its
// first bytes, and written by the ending of its name. The file is only data: it cannot make the reader run code, open
// another file, or take more memory than the caller allows. Read next: data/files/sandbox.h (where HDF5 is read).
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tensor/tensor.h"

namespace cg {

/// The description of an array in a file; no number was read yet.
struct ArrayHeader {
  std::string name;
  Shape shape;
  std::string type;  ///< F16, BF16, F32, F64, I8 … U64; empty: a type that is not read
  bool operator==(const ArrayHeader&) const = default;
};

/// An array with its numbers, row-major; 16- and 64-bit floats are converted.
struct NamedArray {
  std::string name;
  Shape shape;
  std::vector<float> values;                      ///< empty if the array has whole numbers
  std::optional<std::vector<Index>> counts = {};  ///< whole numbers, written as 64-bit integers
  std::vector<float> floats() const;              ///< the values, or the whole numbers rounded to float32
};

/// The short texts beside the arrays: safetensors' `__metadata__`, HDF5's root attributes and single strings. Numbers
/// are stored as text.
using Texts = std::map<std::string, std::string>;

struct WeightsFile {
  std::vector<NamedArray> arrays;   ///< those that were wanted
  std::vector<ArrayHeader> unread;  ///< all others
  Texts texts;
  bool verified =
      false;  ///< this project wrote the file, and everything that was read is unchanged (data/files/sums.h)
};

/// What a reader may take from a file; it is decided before reading.
struct WeightsRequest {
  std::function<bool(const ArrayHeader&)> wants;
  Index most_bytes;  ///< of all wanted arrays together, as float32; whole numbers may take twice as much
};

enum class WeightsFormat { hdf5, safetensors };

/// The largest file that is read, in bytes.
constexpr Index most_weights_bytes = Index{16} << 30;

/// Of a file that is written, by the ending of its name: .h5, .hdf5 or .safetensors. Errors: usage.
WeightsFormat weights_format(const std::string& path);

/// All bytes of a file. One of another kind is refused by its first bytes, before it is read, whatever its name.
/// Errors: data, corrupt (too large), storage.
std::string weights_input(const std::string& path);

/// Reads the bytes of a weights file. Errors: data, for another kind of file; corrupt, for damaged or malicious
/// content, a wanted array without numbers, or content that differs from the file's digests.
WeightsFile read_weights(const std::string& path, std::string_view bytes, const WeightsRequest& request);

/// The bytes of a weights file, with the digests of all arrays and texts. Names must differ. Errors: memory.
std::string weights_bytes(WeightsFormat format, const std::vector<NamedArray>& arrays, const Texts& texts);

/// A longer text is stored in HDF5 as a dataset instead of an attribute.
constexpr std::size_t most_attribute_bytes = 1000;

/// The number that the whole text is, if it is one. HDF5 stores such texts as numbers.
std::optional<double> as_number(const std::string& text);

/// The product of a shape; no value if an extent is negative or the product exceeds `most`.
std::optional<Index> bounded_count(const Shape& shape, Index most);

/// The most bytes of float32 values that a weights file may contain: packing makes weights only a little smaller.
Index bound_of_values(std::string_view bytes);

/// Counts the memory of wanted arrays against the limit of a request. Errors: corrupt, if they need more, or if an
/// array has a type that is not read.
class Allowance {
 public:
  Allowance(std::string path, const WeightsRequest& request) : path_(std::move(path)), left_(request.most_bytes) {}
  /// Returns the array's number of values.
  Index take(const ArrayHeader& array);

 private:
  std::string path_;
  Index left_;
};

}  // namespace cg
