// SPDX-License-Identifier: Apache-2.0
#include "data/formats/hdf5_content.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "data/files/file_kind.h"
#include "data/formats/hdf5_image.h"
#include "data/formats/parts.h"
#include "tensor/error.h"

namespace cg::hdf5 {

namespace {

/// Reports a dataset or attribute that cannot be read.
[[noreturn]] void damaged(const std::string& path, const std::string& what) {
  fail(ErrorKind::corrupt, path, what + " cannot be read", "Create or download the file again.");
}

herr_t refuse_link(const char*, const char*, const char*, const char*, unsigned*, hid_t, void*) { return -1; }

/// Access properties for datasets: links into other files are not followed.
Id own_file_only() {
  Id properties(H5Pcreate(H5P_DATASET_ACCESS), H5Pclose);
  H5Pset_elink_cb(properties, refuse_link, nullptr);
  return properties;
}

/// An open dataset whose description was checked: it can be read.
struct OpenDataset {
  Id dataset, space, type;
  std::size_t n = 0;  ///< number of elements

  OpenDataset(hid_t file, const std::string& path, const std::string& name)
      : dataset(H5Dopen2(file, name.c_str(), own_file_only()), H5Dclose),
        space(dataset.valid() ? H5Dget_space(dataset) : -1, H5Sclose),
        type(dataset.valid() ? H5Dget_type(dataset) : -1, H5Tclose) {
    if (!dataset.valid()) explain_absence(file, path, name);
    const Id properties(H5Dget_create_plist(dataset), H5Pclose);
    if (H5Pget_external_count(properties) != 0 || H5Pget_layout(properties) == H5D_VIRTUAL) elsewhere(path, name);
    check_size(path, name);
  }

  /// Reports that reading failed. Other programs pack by filters that this library does not have (h5py's lzf).
  [[noreturn]] void unreadable(const std::string& path, const std::string& name) const {
    const Id properties(H5Dget_create_plist(dataset), H5Pclose);
    for (int k = 0; k < H5Pget_nfilters(properties); ++k) {
      unsigned flags = 0;
      std::size_t values = 0;
      std::array<char, 64> words{};
      const H5Z_filter_t filter = H5Pget_filter2(properties, static_cast<unsigned>(k), &flags, &values, nullptr,
                                                 words.size(), words.data(), nullptr);
      if (filter >= 0 && H5Zfilter_avail(filter) <= 0)
        fail(ErrorKind::data, path,
             fmt::format("\"{}\" is compressed with filter {}{}, which is not available", name, filter,
                         words.front() ? fmt::format(" ({})", words.data()) : ""),
             "Compress the dataset with gzip: h5repack -f GZIP=4 FILE NEW, or in Python compression=\"gzip\".");
    }
    damaged(path, name);
  }

  /// A few bytes can claim a size that no memory can hold. Compression explains only part of it.
  void check_size(const std::string& path, const std::string& name) {
    constexpr double harmless = 1e9, most_compressed = 2000;
    double claimed = static_cast<double>(H5Tget_size(type));
    for (const Index extent : shape_of(space)) claimed *= static_cast<double>(extent);
    const auto stored = static_cast<double>(H5Dget_storage_size(dataset));
    if (claimed > harmless && claimed > most_compressed * stored)
      fail(ErrorKind::corrupt, path,
           fmt::format("\"{}\" of shape {} needs {:.3g} bytes, but the file contains only {:.0f} bytes of this dataset",
                       name, to_string(shape_of(space)), claimed, stored),
           "Create or download the file again.");
    n = static_cast<std::size_t>(std::max<hssize_t>(H5Sget_simple_extent_npoints(space), 0));
  }

  [[noreturn]] static void elsewhere(const std::string& path, const std::string& name) {
    fail(ErrorKind::corrupt, path, fmt::format("\"{}\" stores its data in another file, which is not allowed", name),
         "Copy the data into this file.");
  }

  [[noreturn]] static void explain_absence(hid_t file, const std::string& path, const std::string& name) {
    H5L_info_t link{};
    if (H5Lget_info(file, name.c_str(), &link, H5P_DEFAULT) >= 0) {
      if (link.type == H5L_TYPE_EXTERNAL) elsewhere(path, name);
      const Id group(H5Gopen2(file, name.c_str(), H5P_DEFAULT), H5Gclose);
      if (link.type == H5L_TYPE_HARD && !group.valid()) damaged(path, name);
    }
    fail(ErrorKind::data, path, fmt::format("there is no dataset \"{}\"", name),
         "See docs/cohort-file.md for the layout.");
  }

  void require_numbers(const std::string& path, const std::string& name) const {
    const H5T_class_t kind = H5Tget_class(type);
    if (kind != H5T_INTEGER && kind != H5T_FLOAT)
      fail(ErrorKind::data, path, fmt::format("\"{}\" does not contain numbers", name),
           "Store numbers in this dataset.");
  }
};

/// A program that has a file open for writing marks it, in the newest layout: the superblock's flags, after signature,
/// version and two sizes.
bool is_marked(std::string_view bytes) {
  constexpr std::size_t version = 8, flags = 11;
  constexpr int writing = 1, writing_for_readers = 4;
  if (file_kind(bytes.substr(0, kind_bytes)) != FileKind::hdf5) return false;
  return bytes.size() > flags && bytes[version] >= 3 && (bytes[flags] & (writing | writing_for_readers)) != 0;
}

}  // namespace

Content::Content(std::string path, std::string_view bytes) : path_(std::move(path)), file_(open_image(bytes)) {
  if (is_marked(bytes))  // only closing it removes the mark
    fail(ErrorKind::in_use, path_,
         "the file is marked as open for writing: a program is writing it, or ended without closing it",
         "Close it in that program. If no program has it open: h5clear -s FILE (package hdf5-tools) removes the mark.");
  if (!file_.valid())
    fail(ErrorKind::corrupt, path_, "the file is not an HDF5 file, or is damaged",
         "Create or download the file again.");
  if (!has(Sums::name)) return;
  const std::vector<std::string> text = strings(Sums::name);
  sums_ = Sums::of_text(path_, text.empty() ? "" : text[0]);
  check_sums();
}

void Content::check_sums() const {
  for (const auto& [part, digest] : sums_.all()) {
    if (part.starts_with(parts::attribute_mark)) {
      const std::string name = part.substr(parts::attribute_mark.size());
      if (!has_attribute(name, "/")) fail_sum(path_, part);
      sums_.check(path_, part, [&] {
        return is_text_attribute(name) ? parts::digest_of_attribute(text_attribute(name, "/"))
                                       : parts::digest_of_attribute(number_attribute(name, "/"));
      });
    } else if (part.ends_with(parts::shape_mark)) {
      const std::string dataset = part.substr(0, part.size() - parts::shape_mark.size());
      if (!has(dataset)) fail_sum(path_, part);
      sums_.check(path_, part, [&] { return parts::digest_of(shape(dataset)); });
    } else if (!part.ends_with(']') && !has(part)) {  // rows are in the dataset of the shape
      fail_sum(path_, part);
    }
  }
}

void Content::check_rows(const std::string& dataset, Index first, Index rows, const std::vector<float>& values) const {
  const std::size_t width = rows > 0 ? values.size() / static_cast<std::size_t>(rows) : 0;
  for (Index k = 0; k < rows; ++k)
    sums_.check(path_, parts::row(dataset, first + k), [&] {
      return parts::digest_of_row(std::span(values).subspan(static_cast<std::size_t>(k) * width, width));
    });
}

bool Content::is_text_attribute(const std::string& name) const {
  const Id attribute(H5Aopen_by_name(file_, "/", name.c_str(), H5P_DEFAULT, H5P_DEFAULT), H5Aclose);
  const Id type(attribute.valid() ? H5Aget_type(attribute) : -1, H5Tclose);
  return type.valid() && H5Tget_class(type) == H5T_STRING;
}

bool Content::has(const std::string& dataset) const {
  for (std::size_t slash = dataset.find('/', 1); slash != std::string::npos; slash = dataset.find('/', slash + 1))
    if (H5Lexists(file_, dataset.substr(0, slash).c_str(), H5P_DEFAULT) <= 0) return false;
  return H5Lexists(file_, dataset.c_str(), H5P_DEFAULT) > 0;
}

std::vector<std::string> Content::members(const std::string& group) const {
  std::vector<std::string> names;
  const Id opened(H5Gopen2(file_, group.c_str(), H5P_DEFAULT), H5Gclose);
  if (!opened.valid())
    fail(ErrorKind::data, path_, fmt::format("there is no group \"{}\"", group),
         "See docs/cohort-file.md for the layout.");
  const auto collect = [](hid_t, const char* name, const H5L_info_t*, void* into) -> herr_t {
    if (std::string_view(name) != Sums::name) static_cast<std::vector<std::string>*>(into)->emplace_back(name);
    return 0;
  };
  if (H5Literate(opened, H5_INDEX_NAME, H5_ITER_INC, nullptr, collect, &names) < 0) damaged(path_, group);
  return names;
}

Shape Content::shape(const std::string& dataset) const { return shape_of(OpenDataset(file_, path_, dataset).space); }

std::vector<double> Content::numbers(const std::string& dataset) const {
  const OpenDataset open(file_, path_, dataset);
  open.require_numbers(path_, dataset);
  std::vector<double> out(open.n);
  if (H5Dread(open.dataset, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, out.data()) < 0)
    open.unreadable(path_, dataset);
  const Shape shape = shape_of(open.space);
  sums_.check(path_, dataset, [&] { return parts::digest_of(shape, out); });
  if (sums_.has(parts::shape(dataset))) check_rows(dataset, 0, shape.at(0), {out.begin(), out.end()});
  return out;
}

std::vector<float> Content::rows(const std::string& dataset, Index first, Index rows) const {
  const OpenDataset open(file_, path_, dataset);
  open.require_numbers(path_, dataset);
  Shape shape = shape_of(open.space);
  if (shape.empty() || first < 0 || first + rows > shape[0])
    fail(ErrorKind::data, path_,
         fmt::format("\"{}\" of shape {} has no rows {} to {}", dataset, to_string(shape), first, first + rows - 1),
         "Choose rows that exist.");
  shape[0] = rows;
  std::vector<hsize_t> start(shape.size(), 0);
  start[0] = static_cast<hsize_t>(first);
  const std::vector<hsize_t> size = extents(shape);
  H5Sselect_hyperslab(open.space, H5S_SELECT_SET, start.data(), nullptr, size.data(), nullptr);
  const Id memory(H5Screate_simple(static_cast<int>(size.size()), size.data(), nullptr), H5Sclose);
  std::vector<float> out(static_cast<std::size_t>(count(shape)));
  if (H5Dread(open.dataset, H5T_NATIVE_FLOAT, memory, open.space, H5P_DEFAULT, out.data()) < 0)
    open.unreadable(path_, dataset);
  check_rows(dataset, first, rows, out);
  return out;
}

std::vector<std::string> Content::strings(const std::string& dataset) const {
  const OpenDataset open(file_, path_, dataset);
  if (H5Tget_class(open.type) != H5T_STRING)
    fail(ErrorKind::data, path_, fmt::format("\"{}\" does not contain text", dataset), "Store text in this dataset.");
  const auto out = read_strings(open.type, open.n, [&](hid_t type, void* into) {
    return H5Dread(open.dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, into) >= 0;
  });
  if (out.size() != open.n) open.unreadable(path_, dataset);
  sums_.check(path_, dataset, [&] { return parts::digest_of(out); });
  return out;
}

bool Content::holds_text(const std::string& dataset) const {
  return H5Tget_class(OpenDataset(file_, path_, dataset).type) == H5T_STRING;
}

bool Content::has_attribute(const std::string& name, const std::string& object) const {
  return H5Aexists_by_name(file_, object.c_str(), name.c_str(), H5P_DEFAULT) > 0;
}

double Content::number_attribute(const std::string& name, const std::string& object) const {
  const Id attribute(H5Aopen_by_name(file_, object.c_str(), name.c_str(), H5P_DEFAULT, H5P_DEFAULT), H5Aclose);
  if (!attribute.valid())
    fail(ErrorKind::data, path_, fmt::format("there is no attribute \"{}\"", name),
         "See docs/cohort-file.md for the layout.");
  const Id space(H5Aget_space(attribute), H5Sclose), type(H5Aget_type(attribute), H5Tclose);
  double value = 0;
  if (H5Sget_simple_extent_npoints(space) != 1 || !read_number(attribute, type, value))
    fail(ErrorKind::data, path_, fmt::format("attribute \"{}\" is not a single number", name),
         "Store a single number in this attribute.");
  return value;
}

std::string Content::text_attribute(const std::string& name, const std::string& object) const {
  const Id attribute(H5Aopen_by_name(file_, object.c_str(), name.c_str(), H5P_DEFAULT, H5P_DEFAULT), H5Aclose);
  if (!attribute.valid())
    fail(ErrorKind::data, path_, fmt::format("there is no attribute \"{}\"", name),
         "See docs/cohort-file.md for the layout.");
  const Id space(H5Aget_space(attribute), H5Sclose), type(H5Aget_type(attribute), H5Tclose);
  if (H5Tget_class(type) != H5T_STRING || H5Sget_simple_extent_npoints(space) != 1)
    fail(ErrorKind::data, path_, fmt::format("attribute \"{}\" is not a single text", name),
         "Store a single text in this attribute.");
  const auto out =
      read_strings(type, 1, [&](hid_t memory, void* into) { return H5Aread(attribute, memory, into) >= 0; });
  if (out.size() != 1) damaged(path_, name);
  return out[0];
}

}  // namespace cg::hdf5
