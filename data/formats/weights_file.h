// Weights as named arrays in a file that anybody may have made: HDF5 (a dataset an array) or safetensors, told apart by
// the name's ending. What is read is data: no file can make the reader run code, open another file, or take more memory
// than was asked for. Read next: data/files/sandbox.h (where HDF5 is read).
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tensor/tensor.h"

namespace cg {

/// What a file says of an array before any of its numbers is read.
struct ArrayHeader {
  std::string name;
  Shape shape;
  std::string type;  ///< F16, BF16, F32, F64, I8 … U64; empty: no numbers that we read
  bool operator==(const ArrayHeader&) const = default;
};

/// An array with its numbers, row-major; 16- and 64-bit floats are converted.
struct NamedArray {
  std::string name;
  Shape shape;
  std::vector<float> values;
  bool counts = false;  ///< whole numbers: written as 64-bit integers
};

/// The short texts beside the arrays: safetensors' `__metadata__`, HDF5's root attributes and single strings. A number
/// stands here as text.
using Texts = std::map<std::string, std::string>;

struct WeightsFile {
  std::vector<NamedArray> arrays;   ///< those that were wanted
  std::vector<ArrayHeader> unread;  ///< all others
  Texts texts;
};

/// What a reader may take from a file; decided before it takes it.
struct WeightsRequest {
  std::function<bool(const ArrayHeader&)> wants;
  Index most_bytes;  ///< of all wanted arrays as float32
};

enum class WeightsFormat { hdf5, safetensors };

/// The largest file that is read.
constexpr Index most_weights_bytes = Index{16} << 30;

/// By the ending: .h5, .hdf5 or .safetensors. Errors: usage.
WeightsFormat weights_format(const std::string& path);

/// Reads a weights file's bytes; `path` gives the format, and names the file in messages. Errors: corrupt, for anything
/// damaged or hostile, a wanted array that holds no numbers among it.
WeightsFile read_weights(const std::string& path, std::string_view bytes, const WeightsRequest& request);

/// The bytes of a weights file. Names must differ. Errors: memory.
std::string weights_bytes(WeightsFormat format, const std::vector<NamedArray>& arrays, const Texts& texts);

/// A shape's product, or none where an extent is negative or the product exceeds `most`.
std::optional<Index> bounded_count(const Shape& shape, Index most);

/// Bytes of float32 values that a file of weights may hold, whatever is in it: packing makes weights little smaller.
Index bound_of_values(std::string_view bytes);

/// Takes what wanted arrays need from what a request allows. Errors: corrupt, where they need more, or where an array
/// of this type cannot be read.
class Allowance {
 public:
  Allowance(std::string path, const WeightsRequest& request) : path_(std::move(path)), left_(request.most_bytes) {}
  /// The array's number of values.
  Index take(const ArrayHeader& array);

 private:
  std::string path_;
  Index left_;
};

}  // namespace cg
