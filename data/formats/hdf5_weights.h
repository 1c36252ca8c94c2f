// SPDX-License-Identifier: Apache-2.0
// Weights in an HDF5 file: one dataset per array; short texts as attributes of the file or as single strings. Such
// files can come from any source, and the HDF5 library does not protect against malicious files: with external storage,
// a file can name any file of the reader. So they are read from memory, in a process that can open nothing (sandbox.h).
// A file that refers to other files is refused before a number is read.
#pragma once

#include "data/formats/weights_file.h"

namespace cg {

/// Errors: corrupt: links that are not hard, external or virtual storage, a filter other than gzip, shuffle and
/// fletcher32, numbers that the file does not contain, a crash of the library.
WeightsFile read_hdf5_weights(const std::string& path, std::string_view bytes, const WeightsRequest& request);

/// A text that is a number becomes a number attribute; a short text a text attribute; a long text a dataset.
std::string write_hdf5_weights(const std::vector<NamedArray>& arrays, const Texts& texts);

}  // namespace cg
