// Weights in an HDF5 file: a dataset an array, short texts as attributes of the file or as single strings. Such files
// come from anywhere, and HDF5 was not made for hostile ones (a reader of other people's files: external storage names
// any file of yours). So they are read from memory, in a process that can open nothing (sandbox.h), and a file that
// points outside of itself is refused before a number is read.
#pragma once

#include "data/formats/weights_file.h"

namespace cg {

/// Errors: corrupt: links that are not hard, external or virtual storage, a filter other than gzip, shuffle and
/// fletcher32, numbers that the file does not hold, a crash of the library.
WeightsFile read_hdf5_weights(const std::string& path, std::string_view bytes, const WeightsRequest& request);

/// A text that is a number becomes a number attribute, any other a text attribute; a long one a dataset.
std::string write_hdf5_weights(const std::vector<NamedArray>& arrays, const Texts& texts);

}  // namespace cg
