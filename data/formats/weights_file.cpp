// SPDX-License-Identifier: Apache-2.0
#include "data/formats/weights_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>

#include "data/files/file_kind.h"
#include "data/files/input_file.h"
#include "data/files/sums.h"
#include "data/formats/hdf5_weights.h"
#include "data/formats/parts.h"
#include "data/formats/safetensors.h"
#include "tensor/error.h"

namespace cg {

std::vector<float> NamedArray::floats() const {
  if (!counts) return values;
  std::vector<float> out;
  for (const Index count : *counts) out.push_back(static_cast<float>(count));
  return out;
}

WeightsFormat weights_format(const std::string& path) {
  if (path.ends_with(".h5") || path.ends_with(".hdf5")) return WeightsFormat::hdf5;
  if (path.ends_with(".safetensors")) return WeightsFormat::safetensors;
  fail(ErrorKind::usage, path, "expected a weights file with the ending .h5, .hdf5 or .safetensors",
       "Change the ending");
}

namespace {

/// A text is an attribute of HDF5, which gives back a number in its own way; a long one is a dataset.
std::string part_of(const std::string& name, const std::string& text) {
  return text.size() > most_attribute_bytes ? name : parts::attribute(name);
}
std::string digest_of(const std::string& text) {
  if (text.size() > most_attribute_bytes) return parts::digest_of(std::vector{text});
  const std::optional<double> number = as_number(text);
  return number ? parts::digest_of_attribute(*number) : parts::digest_of_attribute(text);
}

std::string digest_of(const NamedArray& array) {
  return array.counts ? parts::digest_of(array.shape, *array.counts) : parts::digest_of(array.shape, array.values);
}

Sums sums_of(const std::vector<NamedArray>& arrays, const Texts& texts) {
  Sums sums;
  for (const NamedArray& array : arrays) sums.add(array.name, digest_of(array));
  for (const auto& [name, text] : texts) sums.add(part_of(name, text), digest_of(text));
  return sums;
}

/// Takes the digests out of the texts, and compares everything that was read with them.
void verify(const std::string& path, WeightsFile& file) {
  const auto text = file.texts.extract(std::string(Sums::name));
  if (text.empty()) return;
  const Sums written = Sums::of_text(path, text.mapped()), read = sums_of(file.arrays, file.texts);
  // A cohort file, read as weights by mistake: as float32, its numbers are others.
  if (std::ranges::any_of(written.all(), [](const auto& part) { return part.first.ends_with(']'); })) return;
  std::set<std::string> unread;
  for (const ArrayHeader& array : file.unread) unread.insert(array.name);
  for (const auto& [part, digest] : written.all()) {
    const auto at = read.all().find(part);
    if (at == read.all().end() ? !unread.contains(part) : at->second != digest) fail_sum(path, part);
  }
  file.verified = true;
}

/// The format by the first bytes. Where they say nothing, the file is perhaps damaged at its beginning: the reader of
/// the format that the name gives says how. Errors (data): another kind of file.
WeightsFormat format_of(const std::string& path, std::string_view bytes) {
  const FileKind kind = file_kind(bytes.substr(0, kind_bytes));
  const bool unknown = kind == FileKind::unknown;
  if (kind == FileKind::hdf5 || (unknown && (path.ends_with(".h5") || path.ends_with(".hdf5"))))
    return WeightsFormat::hdf5;
  if (kind == FileKind::safetensors || (unknown && path.ends_with(".safetensors"))) return WeightsFormat::safetensors;
  fail_other_kind(path, kind, "weights in HDF5 or safetensors");
}

WeightsFile read_by_kind(const std::string& path, std::string_view bytes, const WeightsRequest& request) {
  return format_of(path, bytes) == WeightsFormat::hdf5 ? read_hdf5_weights(path, bytes, request)
                                                       : read_safetensors(path, bytes, request);
}

}  // namespace

std::string weights_input(const std::string& path) {
  format_of(path, beginning(open_input(path), kind_bytes, path));
  return read_input(path, most_weights_bytes);
}

WeightsFile read_weights(const std::string& path, std::string_view bytes, const WeightsRequest& request) {
  WeightsFile file = read_by_kind(path, bytes, request);
  verify(path, file);
  return file;
}

std::string weights_bytes(WeightsFormat format, const std::vector<NamedArray>& arrays, const Texts& texts) {
  if (format == WeightsFormat::hdf5) return write_hdf5_weights(arrays, texts);
  Texts all = texts;
  all[Sums::name] = sums_of(arrays, texts).text();
  return write_safetensors(arrays, all);
}

std::optional<double> as_number(const std::string& text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<Index> bounded_count(const Shape& shape, Index most) {
  Index product = 1;
  bool none = false;
  for (const Index extent : shape) {
    if (extent < 0) return std::nullopt;
    none = none || extent == 0;
  }
  if (none) return 0;
  for (const Index extent : shape) {
    if (extent > most / product) return std::nullopt;
    product *= extent;
  }
  return product;
}

Index bound_of_values(std::string_view bytes) {
  constexpr Index small = Index{64} << 20, packed = 4;
  return small + packed * static_cast<Index>(bytes.size());
}

Index Allowance::take(const ArrayHeader& array) {
  constexpr auto size = static_cast<Index>(sizeof(float));
  if (array.type.empty())
    fail(ErrorKind::corrupt, path_,
         fmt::format("\"{}\" does not contain floating-point numbers or integers", array.name),
         "Store the array as 32-bit floating-point numbers");
  const auto values = bounded_count(array.shape, left_ / size);
  if (!values)
    fail(ErrorKind::corrupt, path_,
         fmt::format("\"{}\" has shape {}, which needs more memory than the {} MB that are still allowed", array.name,
                     to_string(array.shape), left_ >> 20),
         "Create or download the file again");
  left_ -= *values * size;
  return *values;
}

}  // namespace cg
