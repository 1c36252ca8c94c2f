// SPDX-License-Identifier: Apache-2.0
#include "data/formats/safetensors.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>

#include "data/files/raw_numbers.h"
#include "tensor/bfloat16.h"
#include "tensor/error.h"

namespace cg {
namespace {

using nlohmann::json;

static_assert(std::endian::native == std::endian::little, "numbers are copied as they are in the file");

constexpr std::size_t length_bytes = 8, alignment = 8;
constexpr int deepest = 3;  // header, array, shape or offsets

struct Type {
  const char* name;
  Index bytes;
  bool counts;  ///< whole numbers
};
constexpr Type types[] = {{"F16", 2, false}, {"BF16", 2, false}, {"F32", 4, false}, {"F64", 8, false}, {"I8", 1, true},
                          {"I16", 2, true},  {"I32", 4, true},   {"I64", 8, true},  {"U8", 1, true},   {"U16", 2, true},
                          {"U32", 4, true},  {"U64", 8, true},   {"BOOL", 1, true}};

[[noreturn]] void refuse(const std::string& path, const std::string& what) {
  fail(ErrorKind::corrupt, path, what, "Create or download the file again");
}

template <class T, class Convert>
auto converted(std::string_view data, const Convert& convert) {
  std::vector<decltype(convert(T{}))> out(data.size() / sizeof(T));
  for (std::size_t k = 0; k < out.size(); ++k) out[k] = convert(element_at<T>(data.data() + k * sizeof(T), false));
  return out;
}

std::vector<float> floats(const std::string& type, std::string_view data) {
  const auto plain = [](auto value) { return static_cast<float>(value); };
  if (type == "F32") {
    std::vector<float> out(data.size() / sizeof(float));
    if (!out.empty()) std::memcpy(out.data(), data.data(), data.size());
    return out;
  }
  if (type == "F64") return converted<double>(data, plain);
  if (type == "F16") return converted<std::uint16_t>(data, half_to_float);
  return converted<bfloat16>(data, plain);  // BF16
}

/// Numbers that Index cannot hold become its largest.
std::vector<Index> whole_numbers(const std::string& type, std::string_view data) {
  const auto plain = [](auto value) {
    return std::in_range<Index>(value) ? static_cast<Index>(value) : std::numeric_limits<Index>::max();
  };
  if (type == "I8") return converted<std::int8_t>(data, plain);
  if (type == "I16") return converted<std::int16_t>(data, plain);
  if (type == "I32") return converted<std::int32_t>(data, plain);
  if (type == "I64") return converted<std::int64_t>(data, plain);
  if (type == "U16") return converted<std::uint16_t>(data, plain);
  if (type == "U32") return converted<std::uint32_t>(data, plain);
  if (type == "U64") return converted<std::uint64_t>(data, plain);
  return converted<std::uint8_t>(data, plain);  // U8, BOOL
}

/// Parses the header. Errors: a key that is there twice, or a deeper nesting than the format needs.
json parse_header(const std::string& path, std::string_view text) {
  std::vector<std::set<std::string>> keys;  // of the objects that are open
  const auto watch = [&](int depth, json::parse_event_t event, json& value) {
    if (depth > deepest) refuse(path, "the header is nested too deeply");
    if (event == json::parse_event_t::object_start) keys.emplace_back();
    if (event == json::parse_event_t::object_end) keys.pop_back();
    if (event == json::parse_event_t::key && !keys.back().insert(value.get<std::string>()).second)
      refuse(path, fmt::format("the header contains \"{}\" twice", value.get<std::string>()));
    return true;
  };
  try {
    json header = json::parse(text, watch);
    if (header.is_object()) return header;
  } catch (const json::exception&) {
  }
  refuse(path, "the header is not a JSON object");
}

struct Entry {
  ArrayHeader array;
  Type type{};
  Index begin = 0, end = 0;
};

/// A whole number, not negative, that fits into Index.
Index whole(const std::string& path, const std::string& name, const json& value) {
  if (value.is_number_unsigned() && std::in_range<Index>(value.get<std::uint64_t>())) return value.get<Index>();
  refuse(path, fmt::format("\"{}\": {} is not a size (a whole number, 0 or more)", name,
                           value.dump(-1, ' ', true, json::error_handler_t::replace)));
}

Entry parse_entry(const std::string& path, const std::string& name, const json& value, Index data_bytes) {
  const auto wrong = [&](const std::string& what) { refuse(path, fmt::format("\"{}\": {}", name, what)); };
  if (!value.is_object() || value.size() != 3 || !value.contains("dtype") || !value.contains("shape") ||
      !value.contains("data_offsets"))
    wrong("expected dtype, shape and data_offsets");
  const json &dtype = value["dtype"], &shape = value["shape"], &offsets = value["data_offsets"];
  if (!dtype.is_string() || !shape.is_array() || !offsets.is_array() || offsets.size() != 2)
    wrong("dtype must be text, shape a list, data_offsets two numbers");
  const auto type = std::ranges::find(types, dtype.get<std::string>(), &Type::name);
  if (type == std::end(types)) wrong(fmt::format("unknown type \"{}\"", dtype.get<std::string>()));
  Entry entry{{name, {}, type->name}, *type, whole(path, name, offsets[0]), whole(path, name, offsets[1])};
  for (const json& extent : shape) entry.array.shape.push_back(whole(path, name, extent));
  const auto count = bounded_count(entry.array.shape, data_bytes / type->bytes);
  if (entry.end > data_bytes || entry.begin > entry.end || !count || *count * type->bytes != entry.end - entry.begin)
    wrong(fmt::format("bytes {} to {} of {} do not fit shape {}", entry.begin, entry.end, data_bytes,
                      to_string(entry.array.shape)));
  return entry;
}

/// The arrays in the order of their bytes. They must fill the file without gaps or overlaps.
std::vector<Entry> parse_entries(const std::string& path, const json& header, Index data_bytes) {
  std::vector<Entry> entries;
  for (const auto& [name, value] : header.items())
    if (name != "__metadata__") entries.push_back(parse_entry(path, name, value, data_bytes));
  std::ranges::stable_sort(entries, {}, [](const Entry& e) { return std::pair(e.begin, e.end); });
  Index at = 0;
  for (const Entry& entry : entries) {
    if (entry.begin != at)
      refuse(path, fmt::format("\"{}\" begins at byte {}, but the array before it ends at byte {}", entry.array.name,
                               entry.begin, at));
    at = entry.end;
  }
  if (at != data_bytes)
    refuse(path, fmt::format("{} bytes at the end of the file do not belong to an array", data_bytes - at));
  return entries;
}

Texts parse_texts(const std::string& path, const json& header) {
  Texts texts;
  if (!header.contains("__metadata__")) return texts;
  const json& metadata = header["__metadata__"];
  if (!metadata.is_object()) refuse(path, "__metadata__ is not a JSON object");
  for (const auto& [key, value] : metadata.items()) {
    if (!value.is_string()) refuse(path, fmt::format("__metadata__: \"{}\" is not text", key));
    texts[key] = value.get<std::string>();
  }
  return texts;
}

}  // namespace

WeightsFile read_safetensors(const std::string& path, std::string_view bytes, const WeightsRequest& request) {
  std::uint64_t length = 0;
  if (bytes.size() < length_bytes) refuse(path, "the file is shorter than 8 bytes");
  std::memcpy(&length, bytes.data(), length_bytes);
  bytes.remove_prefix(length_bytes);
  if (length > bytes.size() || length > static_cast<std::uint64_t>(most_header_bytes))
    refuse(path, fmt::format("the header should have {} bytes, expected at most {}", length,
                             std::min<std::uint64_t>(bytes.size(), most_header_bytes)));
  const json header = parse_header(path, bytes.substr(0, length));
  const std::string_view data = bytes.substr(length);
  WeightsFile out;
  out.texts = parse_texts(path, header);
  Allowance allowance(path, request);
  for (Entry& entry : parse_entries(path, header, static_cast<Index>(data.size()))) {
    if (!request.wants(entry.array)) {
      out.unread.push_back(std::move(entry.array));
      continue;
    }
    allowance.take(entry.array);
    const std::string_view own =
        data.substr(static_cast<std::size_t>(entry.begin), static_cast<std::size_t>(entry.end - entry.begin));
    NamedArray array{entry.array.name, entry.array.shape, {}};
    if (entry.type.counts)
      array.counts = whole_numbers(entry.array.type, own);
    else
      array.values = floats(entry.array.type, own);
    out.arrays.push_back(std::move(array));
  }
  return out;
}

SafetensorsLayout safetensors_layout(const std::vector<ArrayPlace>& arrays, const Texts& texts) {
  SafetensorsLayout out;
  out.at.resize(arrays.size());
  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  if (!texts.empty()) header["__metadata__"] = texts;
  for (const bool counts : {true, false})  // the wider type first: then all positions are multiples of the size
    for (std::size_t k = 0; k < arrays.size(); ++k) {
      const ArrayPlace& array = arrays[k];
      if (array.counts != counts) continue;
      const std::size_t begin = out.size;
      out.at[k] = begin;
      out.size += static_cast<std::size_t>(array.count) * (counts ? sizeof(std::int64_t) : sizeof(float));
      header[array.name] = {
          {"dtype", counts ? "I64" : "F32"}, {"shape", array.shape}, {"data_offsets", {begin, out.size}}};
    }
  std::string text = header.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  text.resize((text.size() + alignment - 1) / alignment * alignment, ' ');
  const std::uint64_t length = text.size();
  out.head.resize(length_bytes);
  std::memcpy(out.head.data(), &length, length_bytes);
  out.head += text;
  for (std::size_t& at : out.at) at += out.head.size();
  out.size += out.head.size();
  return out;
}

std::string write_safetensors(const std::vector<NamedArray>& arrays, const Texts& texts) {
  std::vector<ArrayPlace> places;
  for (const NamedArray& a : arrays)
    places.push_back(
        {a.name, a.shape, static_cast<Index>(a.counts ? a.counts->size() : a.values.size()), a.counts.has_value()});
  const SafetensorsLayout layout = safetensors_layout(places, texts);
  std::string out(layout.size, '\0');
  std::ranges::copy(layout.head, out.begin());
  for (std::size_t k = 0; k < arrays.size(); ++k) {
    const auto write = [&](const auto& numbers) {
      if (!numbers.empty()) std::memcpy(out.data() + layout.at[k], numbers.data(), numbers.size() * sizeof numbers[0]);
    };
    if (arrays[k].counts)
      write(*arrays[k].counts);
    else
      write(arrays[k].values);
  }
  return out;
}

}  // namespace cg
