// The text of a configuration as a flat list of settings: what stands at which key, and where. Knows TOML and the
// command line's `key.sub=value`, but no option. Read next: tensor/fields.h.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "data/files/diagnostics.h"
#include "tensor/fields.h"

namespace cg {

/// A configuration file's text and what the command line changes in it.
struct Source {
  std::string file;                    ///< for messages, and paths in the file are relative to its folder
  std::string text;                    ///< TOML 1.0
  std::vector<std::string> overrides;  ///< `key.sub=value`; the value in TOML, quotes and outer brackets may be missing
};

/// One key of a source, or the header of a section.
struct Setting {
  std::string key;             ///< with its sections: "train.epochs"
  Position key_at, value_at;   ///< both {} on the command line
  bool section = false;        ///< a table: its own keys follow as settings
  std::optional<Value> value;  ///< none: a section, or of no type that a field can have
  std::string found;           ///< the value in words: `the integer 5`, `a date`
  std::string raw;             ///< the text behind `=` on the command line
};

/// The settings of a TOML text, sections before their keys. A syntax error is added to `diagnostics` and gives no
/// settings.
std::vector<Setting> read_toml(const std::string& text, Diagnostics& diagnostics);

/// The setting of one override. What has no `=` or no key is added to `diagnostics`.
std::optional<Setting> read_override(const std::string& argument, Diagnostics& diagnostics);

/// Reads the text behind an override's `=` as TOML, in brackets if `list` and they are missing; text that is no TOML is
/// taken as it stands.
void read_override_value(Setting& setting, bool list);

/// A value as TOML writes it: numbers with as many digits as reading them back needs.
std::string to_toml(const Value& value);

/// Reads a configuration file of at most 1 MiB. Errors: usage, if it cannot be read.
Source read_source(const std::string& file, std::vector<std::string> overrides);

}  // namespace cg
