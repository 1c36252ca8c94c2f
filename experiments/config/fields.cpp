// SPDX-License-Identifier: Apache-2.0
#include "experiments/config/fields.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "experiments/program/nearest.h"
#include "tensor/error.h"

namespace cg {
namespace {

std::string section_of(const std::string& key) {
  const std::size_t dot = key.rfind('.');
  return dot == std::string::npos ? "" : key.substr(0, dot);
}

std::string leaf_of(const std::string& key) { return key.substr(key.rfind('.') + 1); }  // npos + 1 = 0

std::string in_section(const std::string& section) {
  return section.empty() ? "at the top level" : "in [" + section + "]";
}

bool is_section(const std::vector<Option>& options, const std::string& key) {
  return std::any_of(options.begin(), options.end(), [&](const Option& o) { return o.key.starts_with(key + "."); });
}

std::string unknown_key(const std::vector<Option>& options, const std::string& key) {
  const std::string section = section_of(key), leaf = leaf_of(key);
  std::vector<std::string> beside, anywhere;
  for (const Option& o : options) {
    if (section_of(o.key) == section) beside.push_back(leaf_of(o.key));
    anywhere.push_back(leaf_of(o.key));
  }
  const std::string text = fmt::format("unknown key \"{}\" {}", leaf, in_section(section));
  if (const std::string hint = did_you_mean(leaf, beside); !hint.empty()) return text + hint;
  const std::string near = nearest(leaf, anywhere);
  for (const Option& o : options)
    if (!near.empty() && leaf_of(o.key) == near)
      return text + fmt::format("; did you mean \"{}\" {}?", near, in_section(section_of(o.key)));
  return text;
}

std::string unknown_section(const std::vector<Option>& options, const std::string& key) {
  std::vector<std::string> sections;
  for (const Option& o : options)
    for (std::string s = section_of(o.key); !s.empty(); s = section_of(s)) sections.push_back(s);
  const std::string near = nearest(key, sections);
  return fmt::format("unknown section [{}]{}", key, near.empty() ? "" : "; did you mean [" + near + "]?");
}

std::string type_name(const Value& value) {
  static const char* const names[] = {"true or false",    "integer",         "number",       "text",
                                      "list of integers", "list of numbers", "list of texts"};
  return names[value.index()];
}

std::string type_name(const Option& option) {
  return option.accepts.instead.empty() ? type_name(option.value) : "number";
}

bool is_list(const Value& value) { return value.index() >= Value(std::vector<Index>()).index(); }

/// Converts the value to the type of `wanted`: whole numbers become numbers, an empty list becomes any list, and words
/// of earlier versions become the present words.
std::optional<Value> convert(const Value& value, const Value& wanted, const Accepts& accepts) {
  const auto* integer = std::get_if<Index>(&value);
  if (!accepts.instead.empty()) {
    if (integer) return static_cast<double>(*integer);
    if (std::holds_alternative<double>(value) || value == Value(accepts.instead)) return value;
    return std::nullopt;
  }
  if (const auto* word = std::get_if<std::string>(&value); word && std::holds_alternative<std::string>(wanted))
    return accepts.current(*word);
  if (value.index() == wanted.index()) return value;
  if (integer && std::holds_alternative<double>(wanted)) return static_cast<double>(*integer);
  const auto* integers = std::get_if<std::vector<Index>>(&value);
  if (integers && std::holds_alternative<std::vector<double>>(wanted))
    return std::vector<double>(integers->begin(), integers->end());
  if (integers && integers->empty() && std::holds_alternative<std::vector<std::string>>(wanted))
    return std::vector<std::string>();
  return std::nullopt;
}

bool inside(double value, const Accepts& a) {
  return value >= a.least && value <= a.most && !(a.open && value == a.least);  // false for NaN
}
bool allowed(bool, const Accepts&) { return true; }
bool allowed(Index value, const Accepts& a) { return inside(static_cast<double>(value), a); }
bool allowed(double value, const Accepts& a) { return inside(value, a); }
bool allowed(const std::string& value, const Accepts& a) {
  return a.choices.empty() || std::find(a.choices.begin(), a.choices.end(), value) != a.choices.end();
}
template <class T>
bool allowed(const std::vector<T>& values, const Accepts& a) {
  return std::all_of(values.begin(), values.end(), [&](const T& v) { return allowed(v, a); });
}

/// The first word of a value or list that is not one of the choices; "" if all are.
std::string first_refused(const Value& value, const Accepts& a) {
  std::vector<std::string> words;
  if (const auto* word = std::get_if<std::string>(&value)) words = {*word};
  if (const auto* list = std::get_if<std::vector<std::string>>(&value)) words = *list;
  const auto found = std::find_if(words.begin(), words.end(), [&](const std::string& w) { return !allowed(w, a); });
  return found == words.end() ? "" : *found;
}

std::string range(const Accepts& a) {
  std::string text;
  if (std::isfinite(a.least)) text = fmt::format("{} {:.12g}", a.open ? "above" : "at least", a.least);
  if (!std::isfinite(a.most)) return text;
  if (std::isfinite(a.least) && !a.open) return fmt::format("{:.12g} to {:.12g}", a.least, a.most);
  return text + (text.empty() ? "" : ", ") + fmt::format("at most {:.12g}", a.most);
}

std::string with_article(const std::string& type) {
  if (type.starts_with("integer")) return "an " + type;
  return (type.starts_with("number") || type.starts_with("list") ? "a " : "") + type;
}

/// Checks, converts and stores the setting of an option, or adds a problem.
void check_value(const Option& option, const Setting& setting, Checked& out) {
  // The TOML parser refuses a key that is twice in the file; a key twice on the command line is found here.
  if (const auto before = out.where.find(option.key); before != out.where.end() && before->second.line == 0) {
    out.diagnostics.add({setting.value_at, option.key + " is set twice"});
    out.wrong.insert(option.key);
    return;
  }
  out.where[option.key] = setting.value_at;
  const std::optional<Value> value =
      setting.value ? convert(*setting.value, option.value, option.accepts) : std::nullopt;
  if (!value) {
    out.diagnostics.add(
        {setting.section ? setting.key_at : setting.value_at,
         fmt::format("{}: expected {}, found {}", option.key,
                     with_article(option.accepts.instead.empty() ? type_name(option.value) : accepted(option)),
                     setting.found)});
  } else if (!std::visit([&](const auto& v) { return allowed(v, option.accepts); }, *value)) {
    out.diagnostics.add(
        {setting.value_at,
         fmt::format("{} = {}: expected {}{}", option.key, to_toml(*value), with_article(accepted(option)),
                     did_you_mean(first_refused(*value, option.accepts), option.accepts.choices))});
  } else {
    out.values[option.key] = *value;
    out.wrong.erase(option.key);
    return;
  }
  out.wrong.insert(option.key);
}

/// Checks one setting against the options. `skipped`: unknown sections, whose keys are not reported one by one.
void check_setting(const std::vector<Option>& options, Setting setting, bool overriding, Checked& out,
                   std::set<std::string>& skipped) {
  for (std::string s = section_of(setting.key); !s.empty(); s = section_of(s))
    if (skipped.contains(s)) return;
  const auto option =
      std::find_if(options.begin(), options.end(), [&](const Option& o) { return o.key == setting.key; });
  if (option != options.end()) {
    if (overriding) read_override_value(setting, is_list(option->value));
    if (overriding && std::holds_alternative<std::string>(option->value) && option->accepts.instead.empty() &&
        !(setting.value && std::holds_alternative<std::string>(*setting.value)))
      setting.value = setting.raw;  // `data.cohort=2024` is a name
    if (setting.section) skipped.insert(setting.key);
    return check_value(*option, setting, out);
  }
  if (is_section(options, setting.key)) {
    if (!setting.section)
      out.diagnostics.add({setting.key_at, fmt::format("{} is a section and cannot have a value", setting.key)});
  } else if (setting.section) {
    skipped.insert(setting.key);
    out.diagnostics.add({setting.key_at, unknown_section(options, setting.key)});
  } else if (const std::string section = section_of(setting.key);
             overriding && !section.empty() && !is_section(options, section)) {
    out.diagnostics.add({setting.key_at, unknown_section(options, section)});
  } else {
    out.diagnostics.add({setting.key_at, unknown_key(options, setting.key)});
  }
}

/// Breaks the text at spaces into lines of at most `columns`; all but the first begin with `indent`.
std::string wrapped(const std::string& text, const std::string& indent, std::size_t columns, std::size_t used) {
  std::string out;
  std::size_t at = 0;
  while (at < text.size()) {
    std::size_t end = std::min(text.find(' ', at), text.size());
    if (used + 1 + (end - at) > columns && !out.empty()) {
      out += "\n" + indent;
      used = indent.size();
    } else if (!out.empty()) {
      out += ' ';
      ++used;
    }
    out += text.substr(at, end - at);
    used += end - at;
    at = end + 1;
  }
  return out;
}

/// Calls `header(section)` and then `entry(option)` for each of its options: first the top level, then the sections in
/// the order of their first appearance.
void by_section(const std::vector<Option>& options, const std::function<void(const std::string&)>& header,
                const std::function<void(const Option&)>& entry) {
  std::vector<std::string> sections{""};
  for (const Option& o : options)
    if (std::find(sections.begin(), sections.end(), section_of(o.key)) == sections.end())
      sections.push_back(section_of(o.key));
  for (const std::string& section : sections) {
    if (!section.empty()) header(section);
    for (const Option& o : options)
      if (section_of(o.key) == section) entry(o);
  }
}

}  // namespace

void Checked::conflict(const std::vector<std::string>& keys, const std::string& text) {
  Position at{};
  for (auto key = keys.rbegin(); key != keys.rend(); ++key) {
    if (wrong.contains(*key)) return;
    if (const auto found = where.find(*key); found != where.end()) at = found->second;
  }
  diagnostics.add({at, text});
}

Checked check(const std::vector<Option>& options, const Source& source) {
  Diagnostics diagnostics;
  const std::vector<Setting> settings = read_toml(source.text, diagnostics);
  return check(options, settings, source.overrides, std::move(diagnostics));
}

Checked check(const std::vector<Option>& options, const std::vector<Setting>& settings,
              const std::vector<std::string>& overrides, Diagnostics diagnostics) {
  Checked out;
  out.diagnostics = std::move(diagnostics);
  std::set<std::string> skipped;
  for (const Setting& setting : settings) check_setting(options, setting, false, out, skipped);
  skipped.clear();
  for (const std::string& argument : overrides)
    if (const auto setting = read_override(argument, out.diagnostics))
      check_setting(options, *setting, true, out, skipped);
  return out;
}

void throw_diagnostics(const Source& source, const Diagnostics& diagnostics) {
  if (diagnostics.empty()) return;
  std::vector<Diagnostic> sorted = diagnostics.list();
  const auto rank = [](const Diagnostic& d) { return std::pair(d.at.line == 0, d.at); };
  std::stable_sort(sorted.begin(), sorted.end(),
                   [&](const Diagnostic& a, const Diagnostic& b) { return rank(a) < rank(b); });
  std::string all;
  for (const Diagnostic& d : sorted) {
    const std::string where =
        d.at.line == 0 ? "command line" : fmt::format("{}:{}:{}", source.file, d.at.line, d.at.column);
    all += (all.empty() ? "" : "\n") + where + ": " + d.text;
  }
  fail(ErrorKind::usage, "", all);
}

std::string accepted(const Option& option) {
  const Accepts& a = option.accepts;
  if (!a.choices.empty()) {
    std::string words;
    for (const std::string& word : a.choices) words += (words.empty() ? "" : ", ") + word;
    return (is_list(option.value) ? type_name(option.value) + ", each one of " : "one of ") + words;
  }
  const std::string limits = range(a), type = type_name(option);
  const std::string numbers = limits.empty() ? type : type + (is_list(option.value) ? ", each " : ", ") + limits;
  return numbers + (a.instead.empty() ? "" : ", or \"" + a.instead + "\"");
}

std::string manual(const std::vector<Option>& options) {
  std::size_t widest = 0;
  for (const Option& o : options) widest = std::max(widest, leaf_of(o.key).size());
  const std::string indent(widest + 4, ' ');
  std::string out;
  by_section(
      options, [&](const std::string& section) { out += "\n[" + section + "]\n"; },
      [&](const Option& o) {
        out += fmt::format("  {:<{}}  ", leaf_of(o.key), widest);
        out += wrapped(accepted(o) + "; default " + to_toml(o.value), indent, 100, indent.size()) + "\n";
        out += indent + wrapped(o.sentence, indent, 100, indent.size()) + "\n";
      });
  return out;
}

std::string resolved(const std::vector<Option>& options) {
  std::string out;
  by_section(
      options, [&](const std::string& section) { out += "\n[" + section + "]\n"; },
      [&](const Option& o) {
        out += "# " + wrapped(o.sentence, "# ", 100, 2) + "\n";
        out += leaf_of(o.key) + " = " + to_toml(o.value) + (o.note.empty() ? "" : "  # " + o.note) + "\n";
      });
  return out;
}

std::string plain(const std::vector<Option>& options) {
  std::string out;
  for (const Option& o : options) {
    if (!o.accepts.changes_numbers) continue;
    Value value = o.value;
    // A choice that replaced a word counts as that word, so that the digest of a configuration stays as it was.
    if (auto* word = std::get_if<std::string>(&value)) {
      if (!o.accepts.implied.empty() && *word == o.accepts.implied) continue;
      for (const auto& [former, current] : o.accepts.former)
        if (*word == current) value = former;
    }
    out += o.key + " = " + to_toml(value) + "\n";
  }
  return out;
}

}  // namespace cg
