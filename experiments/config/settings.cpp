// SPDX-License-Identifier: Apache-2.0
#include "experiments/config/settings.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "tensor/error.h"

namespace cg {
namespace {

Position position(const toml::source_region& source) { return {source.begin.line, source.begin.column}; }

/// All elements as T; no value if an element has another type.
template <class T, class Stored>
std::optional<Value> list_of(const toml::array& array) {
  std::vector<T> out;
  for (const toml::node& node : array) {
    if (!node.is<Stored>()) return std::nullopt;
    out.push_back(T(**node.as<Stored>()));
  }
  return out;
}

std::optional<Value> list_value(const toml::array& array) {
  if (auto integers = list_of<Index, std::int64_t>(array)) return integers;  // also for an empty list
  if (auto words = list_of<std::string, std::string>(array)) return words;
  std::vector<double> numbers;
  for (const toml::node& node : array) {
    if (!node.is_number()) return std::nullopt;
    numbers.push_back(*node.value<double>());
  }
  return numbers;
}

std::optional<Value> to_value(const toml::node& node) {
  if (const auto* v = node.as_boolean()) return Value(v->get());
  if (const auto* v = node.as_integer()) return Value(Index{v->get()});
  if (const auto* v = node.as_floating_point()) return Value(v->get());
  if (const auto* v = node.as_string()) return Value(v->get());
  if (const auto* v = node.as_array()) return list_value(*v);
  return std::nullopt;
}

std::string in_words(const toml::node& node, const std::optional<Value>& value) {
  if (node.is_table()) return "a section";
  if (!value) return node.is_array() ? "a list of mixed types" : "a date or time";
  if (node.is_array()) return "the list " + to_toml(*value);
  if (node.is_boolean()) return to_toml(*value);
  if (node.is_integer()) return "the integer " + to_toml(*value);
  return (node.is_string() ? "the text " : "the number ") + to_toml(*value);
}

void flatten(const toml::table& table, const std::string& prefix, std::vector<Setting>& out) {
  for (const auto& [key, node] : table) {
    Setting setting;
    setting.key = prefix + std::string(key.str());
    setting.key_at = position(key.source());
    setting.value_at = position(node.source());
    setting.section = node.is_table();
    setting.value = to_value(node);
    setting.found = in_words(node, setting.value);
    out.push_back(setting);
    if (const toml::table* inner = node.as_table()) flatten(*inner, setting.key + ".", out);
  }
}

std::string toml_string(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\')
      out += {'\\', c};
    else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
      out += fmt::format("\\u{:04X}", static_cast<unsigned char>(c));
    else
      out += c;
  }
  return out + '"';
}

std::string one(bool value) { return value ? "true" : "false"; }
std::string one(Index value) { return std::to_string(value); }
std::string one(const std::string& value) { return toml_string(value); }
std::string one(double value) {
  std::string text = fmt::format("{}", value);  // the shortest text that is read back as this number
  if (std::isfinite(value) && text.find_first_of(".e") == std::string::npos) text += ".0";
  return text;
}
template <class T>
std::string one(const std::vector<T>& values) {
  std::string text;
  for (const T& value : values) text += (text.empty() ? "" : ", ") + one(value);
  return "[" + text + "]";
}

}  // namespace

std::vector<Setting> read_toml(const std::string& text, Diagnostics& diagnostics) {
  std::vector<Setting> out;
  try {
    flatten(toml::parse(text), "", out);
  } catch (const toml::parse_error& error) {
    diagnostics.add({position(error.source()), std::string(error.description())});
  }
  return out;
}

std::optional<Setting> read_override(const std::string& argument, Diagnostics& diagnostics) {
  const std::size_t equals = argument.find('=');
  if (equals == std::string::npos || equals == 0) {
    diagnostics.add({{}, toml_string(argument) + ": expected key=value"});
    return std::nullopt;
  }
  Setting setting;
  setting.key = argument.substr(0, equals);
  setting.raw = argument.substr(equals + 1);
  return setting;
}

namespace {

/// The words of `a, b` or `[a, b]` without quotes.
std::vector<std::string> bare_words(const std::string& raw) {
  std::vector<std::string> words(1);
  for (const char c : raw) {
    if (c == ',')
      words.emplace_back();
    else if (c != ' ' && c != '[' && c != ']')
      words.back() += c;
  }
  return words;
}

}  // namespace

void read_override_value(Setting& setting, bool list) {
  const bool bare = list && setting.raw.find('[') == std::string::npos;
  Diagnostics ignored;
  std::vector<Setting> read = read_toml("x = " + (bare ? "[" + setting.raw + "]" : setting.raw), ignored);
  if (read.size() == 1) {
    setting.value = read[0].value;
    setting.found = read[0].found;
    setting.section = read[0].section;
  } else if (list) {
    setting.value = bare_words(setting.raw);
    setting.found = "the list " + to_toml(*setting.value);
  } else {
    setting.value = setting.raw;
    setting.found = "the text " + toml_string(setting.raw);
  }
}

std::string to_toml(const Value& value) {
  return std::visit([](const auto& v) { return one(v); }, value);
}

Source read_source(const std::string& file, std::vector<std::string> overrides) {
  std::ifstream in(file, std::ios::binary);
  std::string text;
  if (in && !std::filesystem::is_directory(file)) text.assign(std::istreambuf_iterator<char>(in), {});
  if (!in || std::filesystem::is_directory(file))
    fail(ErrorKind::usage, file, "this configuration cannot be read",
         "Give a TOML file, or the name of a file in experiments/");
  if (text.size() > (1u << 20))
    fail(ErrorKind::usage, file, "this configuration is larger than 1 MiB", "Give a TOML file of settings");
  return {file, std::move(text), std::move(overrides)};
}

}  // namespace cg
