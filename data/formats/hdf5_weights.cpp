// SPDX-License-Identifier: Apache-2.0
#include "data/formats/hdf5_weights.h"

#include <fmt/format.h>
#include <hdf5.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <span>

#include "data/files/sandbox.h"
#include "data/formats/hdf5_file.h"
#include "data/formats/hdf5_id.h"
#include "data/formats/hdf5_image.h"
#include "data/formats/safetensors.h"
#include "tensor/error.h"

namespace cg {

using namespace hdf5;

namespace {

constexpr std::size_t most_names = 20000, most_attributes = 256, longest_name = 1024;
constexpr Index most_text_bytes = Index{4} << 20;
constexpr const char* unread_key = "cortexgrad.unread";  // key of a list from the child

[[noreturn]] void refuse(const std::string& path, const std::string& what) {
  fail(ErrorKind::corrupt, path, what, "Create or download the file again");
}

[[noreturn]] void refuse_elsewhere(const std::string& path, const std::string& name, const std::string& what) {
  fail(ErrorKind::corrupt, path, fmt::format("\"{}\" {}, which is not allowed", name, what),
       "Copy the data into this file");
}

/// A 16-bit float as h5py stores it.
Id half_type(hid_t like) {
  Id type(H5Tcopy(like), H5Tclose);
  H5Tset_fields(type, 15, 10, 5, 0, 10);
  H5Tset_size(type, 2);
  H5Tset_ebias(type, 15);
  return type;
}

/// The name of a type that is read here; empty for all others.
std::string name_of_type(hid_t type) {
  if (H5Tget_class(type) == H5T_FLOAT) {
    if (H5Tequal(type, H5T_IEEE_F32LE) > 0 || H5Tequal(type, H5T_IEEE_F32BE) > 0) return "F32";
    if (H5Tequal(type, H5T_IEEE_F64LE) > 0 || H5Tequal(type, H5T_IEEE_F64BE) > 0) return "F64";
    if (H5Tequal(type, half_type(H5T_IEEE_F32LE)) > 0 || H5Tequal(type, half_type(H5T_IEEE_F32BE)) > 0) return "F16";
  }
  const std::size_t size = H5Tget_size(type);
  const bool plain =
      H5Tget_class(type) == H5T_INTEGER && H5Tget_precision(type) == 8 * size && H5Tget_offset(type) == 0;
  if (plain && (size == 1 || size == 2 || size == 4 || size == 8))
    return fmt::format("{}{}", H5Tget_sign(type) == H5T_SGN_NONE ? 'U' : 'I', 8 * size);
  return "";
}

/// The names of all objects in the file, or the name that is refused and the reason.
struct Names {
  std::vector<std::string> all;
  std::string refused, why;
};

herr_t collect(hid_t, const char* name, const H5L_info_t* link, void* into) {
  Names& names = *static_cast<Names*>(into);
  if (link->type == H5L_TYPE_HARD && names.all.size() < most_names && std::string_view(name).size() <= longest_name) {
    names.all.emplace_back(name);
    return 0;
  }
  names.refused = std::string_view(name).substr(0, longest_name);
  names.why = link->type == H5L_TYPE_HARD       ? "is a name that is too long, or one name too many"
              : link->type == H5L_TYPE_EXTERNAL ? "is a link into another file"
              : link->type == H5L_TYPE_SOFT     ? "is a link to another name"
                                                : "is a link of a user-defined type";
  return 1;
}

std::vector<std::string> names_in(const std::string& path, hid_t file) {
  Names names;
  const herr_t result = H5Lvisit(file, H5_INDEX_NAME, H5_ITER_INC, collect, &names);
  if (result > 0) refuse_elsewhere(path, names.refused, names.why);
  if (result < 0) refuse(path, "the list of array names cannot be read");
  return names.all;
}

/// An open dataset that was checked: its data is in this file and packed only by HDF5's own filters.
struct WeightsDataset {
  Id dataset, space, type;
  ArrayHeader array;

  WeightsDataset(const std::string& path, const std::string& name, Id opened)
      : dataset(std::move(opened)),
        space(H5Dget_space(dataset), H5Sclose),
        type(H5Dget_type(dataset), H5Tclose),
        array{name, {}, ""} {
    const Id properties(H5Dget_create_plist(dataset), H5Pclose);
    if (!space.valid() || !type.valid() || !properties.valid())
      refuse(path, fmt::format("\"{}\" cannot be read", name));
    if (H5Pget_external_count(properties) != 0) refuse_elsewhere(path, name, "stores its data in another file");
    if (H5Pget_layout(properties) == H5D_VIRTUAL) refuse_elsewhere(path, name, "is composed of other datasets");
    check_filters(path, properties);
    array.shape = shape_of(space);
    array.type = H5Sget_simple_extent_type(space) == H5S_NULL ? "" : name_of_type(type);
  }

  void check_filters(const std::string& path, hid_t properties) const {
    const int filters = H5Pget_nfilters(properties);
    for (int k = 0; k < filters; ++k) {
      unsigned flags = 0, configuration = 0;
      std::size_t values = 0;
      const H5Z_filter_t filter =
          H5Pget_filter2(properties, static_cast<unsigned>(k), &flags, &values, nullptr, 0, nullptr, &configuration);
      if (filter != H5Z_FILTER_DEFLATE && filter != H5Z_FILTER_SHUFFLE && filter != H5Z_FILTER_FLETCHER32)
        fail(ErrorKind::corrupt, path,
             fmt::format("\"{}\" uses filter {}, expected gzip, shuffle or fletcher32", array.name,
                         static_cast<int>(filter)),
             "Store the array without this filter");
    }
  }

  /// A single text of an acceptable length.
  bool is_text() const {
    return H5Tget_class(type) == H5T_STRING && H5Sget_simple_extent_npoints(space) == 1 &&
           H5Tget_size(type) <= static_cast<std::size_t>(most_text_bytes);
  }

  std::string text(const std::string& path) const {
    const auto all = read_strings(type, 1, [&](hid_t memory, void* into) {
      return H5Dread(dataset, memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, into) >= 0;
    });
    if (all.empty()) refuse(path, fmt::format("\"{}\" cannot be read", array.name));
    return all[0];
  }

  /// Whether the file contains all numbers of the dataset. The library would fill in those that were never written.
  bool is_whole() const {
    H5D_space_status_t status{};
    if (H5Dget_space_status(dataset, &status) < 0 || status == H5D_SPACE_STATUS_NOT_ALLOCATED) return false;
    const Id properties(H5Dget_create_plist(dataset), H5Pclose);
    if (H5Pget_layout(properties) != H5D_CHUNKED) return true;
    std::vector<hsize_t> chunk(array.shape.size());
    if (H5Pget_chunk(properties, static_cast<int>(chunk.size()), chunk.data()) < 0) return false;
    hsize_t needed = 1, stored = 0;
    for (std::size_t k = 0; k < chunk.size(); ++k)
      needed *= (static_cast<hsize_t>(array.shape[k]) + chunk[k] - 1) / chunk[k];
    return H5Dget_num_chunks(dataset, space, &stored) >= 0 && stored == needed;
  }

  /// Writes the numbers to `to`: whole numbers as 64-bit integers, others as float32.
  void read(const std::string& path, Index count, char* to) const {
    if (count > 0 && !is_whole())
      refuse(path, fmt::format("\"{}\" of shape {} has no data, or only a part of its data", array.name,
                               to_string(array.shape)));
    if (H5Dread(dataset, counts() ? H5T_NATIVE_INT64 : H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, to) < 0)
      refuse(path, fmt::format("\"{}\" cannot be read", array.name));
  }
  bool counts() const { return !array.type.empty() && array.type[0] != 'F'; }
};

herr_t collect_attribute(hid_t, const char* name, const H5A_info_t*, void* into) {
  auto& names = *static_cast<std::vector<std::string>*>(into);
  names.emplace_back(name);
  return names.size() < most_attributes ? 0 : 1;
}

/// The file's attributes that are one number or one text; others are ignored.
Texts attributes_of(hid_t file) {
  std::vector<std::string> names;
  H5Aiterate2(file, H5_INDEX_NAME, H5_ITER_INC, nullptr, collect_attribute, &names);
  Texts texts;
  for (const std::string& name : names) {
    const Id attribute(H5Aopen(file, name.c_str(), H5P_DEFAULT), H5Aclose);
    if (!attribute.valid()) continue;
    const Id space(H5Aget_space(attribute), H5Sclose), type(H5Aget_type(attribute), H5Tclose);
    double number = 0;
    if (H5Sget_simple_extent_npoints(space) != 1) continue;
    if (H5Tget_class(type) == H5T_STRING) {
      const auto all =
          read_strings(type, 1, [&](hid_t memory, void* into) { return H5Aread(attribute, memory, into) >= 0; });
      if (!all.empty()) texts[name] = all[0];
    } else if (read_number(attribute, type, number)) {
      texts[name] = fmt::format("{}", number);
    }
  }
  return texts;
}

/// Runs in the child. Writes the wanted arrays, and the names of the others, to `space` as safetensors, because reading
/// that format needs no library. Returns the size.
std::size_t read_image(const std::string& path, std::string_view bytes, const WeightsRequest& request,
                       std::span<char> space) {
  const Id file = open_image(bytes);
  if (!file.valid()) refuse(path, "the file is not an HDF5 file, or is damaged or incomplete");
  Texts texts = attributes_of(file);
  nlohmann::json unread = nlohmann::json::array();
  std::vector<WeightsDataset> wanted;
  std::vector<ArrayPlace> places;
  Allowance allowance(path, request);
  for (const std::string& name : names_in(path, file)) {
    Id object(H5Oopen(file, name.c_str(), H5P_DEFAULT), H5Oclose);
    if (!object.valid()) refuse(path, fmt::format("\"{}\" cannot be opened", name));
    if (H5Iget_type(object) != H5I_DATASET) continue;
    WeightsDataset dataset(path, name, std::move(object));
    const ArrayHeader& array = dataset.array;
    if (dataset.is_text()) {
      texts[name] = dataset.text(path);
    } else if (request.wants(array)) {
      places.push_back({name, array.shape, allowance.take(array), dataset.counts()});
      wanted.push_back(std::move(dataset));
    } else {
      unread.push_back({name, array.shape, array.type});
    }
  }
  texts[unread_key] = unread.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
  const SafetensorsLayout layout = safetensors_layout(places, texts);
  if (layout.size > space.size()) refuse(path, "the names and texts in the file are too long");
  std::ranges::copy(layout.head, space.begin());
  for (std::size_t k = 0; k < wanted.size(); ++k) wanted[k].read(path, places[k].count, space.data() + layout.at[k]);
  return layout.size;
}

WeightsFile unpacked(const std::string& path, std::string_view bytes, Index most_bytes) {
  WeightsFile file = read_safetensors(path, bytes, {[](const ArrayHeader&) { return true; }, 2 * most_bytes});
  try {
    for (const auto& array : nlohmann::json::parse(file.texts[unread_key]))
      file.unread.push_back({array.at(0).get<std::string>(), array.at(1).get<Shape>(), array.at(2).get<std::string>()});
  } catch (const nlohmann::json::exception&) {
    refuse(path, "the list of arrays that were not read is invalid");
  }
  file.texts.erase(unread_key);
  return file;
}

}  // namespace

WeightsFile read_hdf5_weights(const std::string& path, std::string_view bytes, const WeightsRequest& request) {
  constexpr Index own = Index{256} << 20;  // for the library's tables and a dataset's chunks
  const Index answer = 2 * request.most_bytes + most_header_bytes;
  const auto size = static_cast<Index>(bytes.size());
  const SandboxLimits limits{path, own + size, answer, reading_seconds(size)};
  const Lock lock(hdf5::library);  // no other thread uses the library during fork
  const SandboxResult read =
      sandbox(limits, [&](std::span<char> space) { return read_image(path, bytes, request, space); });
  return unpacked(path, read.view(), request.most_bytes);
}

std::string write_hdf5_weights(const std::vector<NamedArray>& arrays, const Texts& texts) {
  H5Writer file;
  for (const NamedArray& array : arrays) {
    if (array.counts)
      file.integers(array.name, array.shape, *array.counts);
    else
      file.floats(array.name, array.shape, array.values);
  }
  for (const auto& [name, text] : texts) {
    const std::optional<double> number = as_number(text);
    if (text.size() > most_attribute_bytes)
      file.strings(name, {text});
    else if (number)
      file.attribute(name, *number);
    else
      file.attribute(name, text);
  }
  return file.image();
}

}  // namespace cg
