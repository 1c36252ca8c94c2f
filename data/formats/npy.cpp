// SPDX-License-Identifier: Apache-2.0
#include "data/formats/npy.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <cstring>
#include <numeric>

#include "data/files/file_kind.h"
#include "data/files/raw_numbers.h"
#include "tensor/error.h"

namespace cg {
namespace {

constexpr Index most_header = 1 << 16;  // bytes; NumPy itself trusts 10,000
constexpr Index most_elements = Index{1} << 27;
constexpr Index most_texts = 1'000'000;
constexpr Index window = 1 << 20;  // elements per read if a row is scattered

[[noreturn]] void bad_header(const std::string& name, const std::string& what) {
  fail(ErrorKind::corrupt, name, "the .npy header " + what, "Save the array again with numpy.save.");
}

/// Parses the header, a dictionary: {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }
class Dictionary {
 public:
  Dictionary(std::string_view text, const std::string& name) : text_(text), name_(name) {}

  bool next(char c) {
    skip();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  void expect(char c) {
    if (!next(c)) bad_header(name_, fmt::format("has no '{}' at byte {}", c, at_));
  }
  bool word(std::string_view word) {
    skip();
    if (!text_.substr(at_).starts_with(word)) return false;
    at_ += word.size();
    return true;
  }
  std::string text() {
    skip();
    const char quote = at_ < text_.size() ? text_[at_] : '\0';
    const std::size_t end = quote == '\'' || quote == '"' ? text_.find(quote, at_ + 1) : std::string_view::npos;
    if (end == std::string_view::npos) bad_header(name_, fmt::format("has no text at byte {}", at_));
    const std::string out(text_.substr(at_ + 1, end - at_ - 1));
    at_ = end + 1;
    return out;
  }
  Shape shape() {
    expect('(');
    Shape out;
    while (!next(')')) {
      out.push_back(extent());
      word("L");  // Python 2
      if (!next(',')) {
        expect(')');
        return out;
      }
    }
    return out;
  }
  bool at_list() {
    skip();
    return at_ < text_.size() && text_[at_] == '[';
  }
  void end() {
    skip();
    if (at_ < text_.size()) bad_header(name_, fmt::format("continues after its end, at byte {}", at_));
  }

 private:
  void skip() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n')) ++at_;
  }
  Index extent() {
    skip();
    const std::size_t first = at_;
    Index value = 0;
    for (; at_ < text_.size() && std::isdigit(static_cast<unsigned char>(text_[at_])); ++at_)
      if (__builtin_mul_overflow(value, 10, &value) || __builtin_add_overflow(value, text_[at_] - '0', &value))
        bad_header(name_, "has an extent that overflows");
    if (at_ == first) bad_header(name_, fmt::format("has no extent at byte {}", at_));
    return value;
  }

  std::string_view text_;
  const std::string& name_;
  std::size_t at_ = 0;
};

/// Bytes per element; 0: neither numbers nor text.
Index element_bytes(const std::string& type) {
  static const std::vector<std::string> numbers = {"f2", "f4", "f8", "i1", "i2", "i4",
                                                   "i8", "u1", "u2", "u4", "u8", "b1"};
  if (type.size() < 3 || std::string("<>|=").find(type[0]) == std::string::npos) return 0;
  const std::string rest = type.substr(1);
  if (std::find(numbers.begin(), numbers.end(), rest) != numbers.end()) return rest[1] - '0';
  if ((rest[0] != 'U' && rest[0] != 'S') || rest.size() > 5) return 0;
  Index length = 0;
  for (const char c : rest.substr(1)) {
    if (!std::isdigit(static_cast<unsigned char>(c))) return 0;
    length = 10 * length + (c - '0');
  }
  return rest[0] == 'U' ? 4 * length : length;
}

bool is_text(const std::string& type) { return type[1] == 'U' || type[1] == 'S'; }

/// Calls `body` with the element as a value of its C++ type.
template <class Body>
auto with_element(const std::string& type, const char* from, const Body& body) {
  const bool swapped = type[0] == '>';
  const auto value = [&]<class T>(T) { return body(element_at<T>(from, swapped)); };
  switch (type[1] * 256 + type[2]) {
    case 'f' * 256 + '2':
      return body(half_to_float(element_at<std::uint16_t>(from, swapped)));
    case 'f' * 256 + '8':
      return value(double{});
    case 'i' * 256 + '1':
      return value(std::int8_t{});
    case 'i' * 256 + '2':
      return value(std::int16_t{});
    case 'i' * 256 + '4':
      return value(std::int32_t{});
    case 'i' * 256 + '8':
      return value(std::int64_t{});
    case 'u' * 256 + '1':
    case 'b' * 256 + '1':
      return value(std::uint8_t{});
    case 'u' * 256 + '2':
      return value(std::uint16_t{});
    case 'u' * 256 + '4':
      return value(std::uint32_t{});
    case 'u' * 256 + '8':
      return value(std::uint64_t{});
    default:
      return value(float{});
  }
}

void append_floats(const std::string& bytes, const std::string& type, Index element, std::vector<float>& out) {
  if (type == "<f4" || type == "=f4") {
    const std::size_t first = out.size();
    out.resize(first + bytes.size() / sizeof(float));
    std::memcpy(&out[first], bytes.data(), bytes.size());
    return;
  }
  for (std::size_t at = 0; at < bytes.size(); at += static_cast<std::size_t>(element))
    out.push_back(with_element(type, &bytes[at], [](auto value) { return static_cast<float>(value); }));
}

void append_utf8(std::uint32_t code, std::string& out) {
  const auto byte = [&](std::uint32_t value) { out += static_cast<char>(value); };
  if (code < 0x80) return byte(code);
  if (code < 0x800) return byte(0xC0 | code >> 6), byte(0x80 | (code & 63));
  if (code < 0x10000) return byte(0xE0 | code >> 12), byte(0x80 | (code >> 6 & 63)), byte(0x80 | (code & 63));
  byte(0xF0 | (code >> 18 & 7)), byte(0x80 | (code >> 12 & 63)), byte(0x80 | (code >> 6 & 63)),
      byte(0x80 | (code & 63));
}

std::string text_at(const char* from, const std::string& type, Index element) {
  std::string out;
  if (type[1] == 'S') {
    out.assign(from, static_cast<std::size_t>(element));
  } else {
    for (Index k = 0; k < element; k += 4) append_utf8(element_at<std::uint32_t>(from + k, type[0] == '>'), out);
  }
  return out.substr(0, out.find('\0'));
}

}  // namespace

NpyFile::Header NpyFile::parse(std::string_view text, const std::string& name) {
  Header header;
  Dictionary d(text, name);
  bool type = false, order = false, shape = false;
  d.expect('{');
  while (!d.next('}')) {
    const std::string key = d.text();
    d.expect(':');
    if (key == "descr" && !type) {
      if (d.at_list())
        fail(ErrorKind::data, name, "a structured array, expected numbers",
             "Save one field of the array with numpy.save.");
      header.type = d.text();
      type = true;
    } else if (key == "fortran_order" && !order) {
      header.fortran = d.word("True");
      if (!header.fortran && !d.word("False")) bad_header(name, "has a fortran_order that is neither True nor False");
      order = true;
    } else if (key == "shape" && !shape) {
      header.shape = d.shape();
      shape = true;
    } else {
      bad_header(name, fmt::format("has an unexpected key \"{}\"", key));
    }
    if (!d.next(',')) {
      d.expect('}');
      break;
    }
  }
  d.end();
  if (!type || !order || !shape) bad_header(name, "does not contain type, order and shape");
  header.element = element_bytes(header.type);
  if (header.element == 0 && !header.type.empty() && header.type.find('O') != std::string::npos)
    fail(ErrorKind::data, name, "the file contains pickled Python objects, which can run code and are never read",
         "Save numbers or text: numpy.save(file, numpy.array(values, dtype=str)).");
  if (header.element == 0)
    fail(ErrorKind::data, name,
         fmt::format("its elements have type \"{}\", expected real numbers or text", header.type),
         "Save the array as float32.");
  return header;
}

NpyFile::NpyFile(const std::filesystem::path& path) : path_(path.string()), input_(open_input(path)) {
  std::string start = beginning(input_, kind_bytes, path);
  if (const FileKind kind = file_kind(start); kind != FileKind::npy) fail_other_kind(path_, kind, "a .npy file");
  constexpr std::size_t before_text = 12;  // signature, version and length
  start.resize(std::max(start.size(), before_text));
  const auto byte = [&](std::size_t k) { return static_cast<Index>(static_cast<unsigned char>(start[k])); };
  const Index version = byte(6);
  if (version < 1 || version > 3 || byte(7) != 0) bad_header(path_, fmt::format("has version {}.{}", version, byte(7)));
  const Index length_bytes = version == 1 ? 2 : 4, text_at = 8 + length_bytes;
  Index length = 0;
  for (Index k = length_bytes - 1; k >= 0; --k) length = length * 256 + byte(static_cast<std::size_t>(8 + k));
  if (length > most_header || text_at + length > input_.size)
    bad_header(path_, fmt::format("claims {} bytes, but the file has {}", length, input_.size));
  std::string text(static_cast<std::size_t>(length), '\0');
  read_at(input_.file, text_at, text.data(), text.size(), path);
  header_ = parse(text, path_);
  header_.first = text_at + length;
  Index bytes = header_.element;
  for (const Index extent : header_.shape)
    if (__builtin_mul_overflow(bytes, extent, &bytes)) bad_header(path_, "has a shape whose product overflows");
  if (bytes > input_.size - header_.first)
    bad_header(path_, fmt::format("claims {} elements, but the file is shorter", to_string(header_.shape)));
}

std::string NpyFile::bytes(Index first, Index elements) const {
  std::string out(static_cast<std::size_t>(elements * header_.element), '\0');
  read_at(input_.file, header_.first + first * header_.element, out.data(), out.size(), path_);
  return out;
}

void NpyFile::require_numbers() const {
  if (is_text(header_.type))
    fail(ErrorKind::data, path_, "the array contains text, expected numbers", "Give the file that contains the maps.");
}

/// Elements i, i + step … of the file, whose first axis is the fastest. They are then brought from Fortran's order of
/// the other axes to C's.
std::vector<float> NpyFile::gathered(Index i, Index step) const {
  const Shape& shape = header_.shape;
  const Index elements = count(shape);
  if (elements > most_elements)
    fail(ErrorKind::data, path_,
         fmt::format("the array of shape {} is in Fortran order: every map is scattered over the file",
                     to_string(shape)),
         "Save the array in C order: numpy.save(file, numpy.ascontiguousarray(array)).");
  std::vector<float> picked, block;
  for (Index first = 0; first < elements; first += window) {
    const Index n = std::min(window, elements - first);
    block.clear();
    append_floats(bytes(first, n), header_.type, header_.element, block);
    for (Index k = (i - first % step + step) % step; k < n; k += step)
      picked.push_back(block[static_cast<std::size_t>(k)]);
  }
  const Shape axes(step == 1 ? shape.begin() : shape.begin() + 1, shape.end());
  std::vector<float> out(picked.size());
  std::vector<Index> at(axes.size(), 0);
  for (const float value : picked) {  // the first of `axes` runs fastest
    Index place = 0;
    for (std::size_t a = 0; a < axes.size(); ++a) place = place * axes[a] + at[a];
    out[static_cast<std::size_t>(place)] = value;
    for (std::size_t a = 0; a < axes.size() && ++at[a] == axes[a]; ++a) at[a] = 0;
  }
  return out;
}

std::vector<float> NpyFile::all() const {
  require_numbers();
  const Index n = count(header_.shape);
  if (n > most_elements)
    fail(ErrorKind::data, path_, fmt::format("an array of shape {}, expected one map", to_string(header_.shape)),
         "Import the file as a stack of maps: --stack FILE --ids IDS.");
  if (header_.fortran && header_.shape.size() > 1) return gathered(0, 1);
  std::vector<float> out;
  append_floats(bytes(0, n), header_.type, header_.element, out);
  return out;
}

std::vector<float> NpyFile::row(Index i) const {
  require_numbers();
  const Shape& shape = header_.shape;
  if (shape.empty() || i < 0 || i >= shape[0])
    fail(ErrorKind::data, path_, fmt::format("there is no row {} in shape {}", i, to_string(shape)),
         "Count rows from 0.");
  if (header_.fortran && shape.size() > 1) return shape[0] > 1 ? gathered(i, shape[0]) : all();
  const Index n = std::accumulate(shape.begin() + 1, shape.end(), Index{1}, std::multiplies<>());
  if (n > most_elements)
    fail(ErrorKind::data, path_, fmt::format("a row of the array of shape {} is too large", to_string(shape)),
         "Store one map per row.");
  std::vector<float> out;
  append_floats(bytes(i * n, n), header_.type, header_.element, out);
  return out;
}

std::vector<std::string> NpyFile::texts() const {
  const Shape& shape = header_.shape;
  if (shape.empty() || count(shape) != shape[0] || shape[0] > most_texts)
    fail(ErrorKind::data, path_, fmt::format("shape {}, expected one id per row", to_string(shape)),
         "Save a vector of ids.");
  const std::string all = bytes(0, shape[0]);
  std::vector<std::string> out;
  for (Index i = 0; i < shape[0]; ++i) {
    const char* at = all.data() + i * header_.element;
    if (is_text(header_.type)) {
      out.push_back(text_at(at, header_.type, header_.element));
      continue;
    }
    out.push_back(with_element(header_.type, at, [&](auto value) {
      if constexpr (std::is_floating_point_v<decltype(value)>) {
        if (!(value == std::floor(value) &&
              std::abs(value) < decltype(value){1} / std::numeric_limits<decltype(value)>::epsilon()))
          fail(ErrorKind::data, path_, fmt::format("entry {} is {}, expected a whole number", i, value),
               "Save the ids as text.");
        return fmt::format("{:.0f}", value);
      } else {
        return fmt::format(
            "{}", static_cast<std::conditional_t<std::is_signed_v<decltype(value)>, Index, std::uint64_t>>(value));
      }
    }));
  }
  return out;
}

}  // namespace cg
