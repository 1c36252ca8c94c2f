// SPDX-License-Identifier: Apache-2.0
// Reads the text of a configuration as a flat list of settings: each key, its value and its position. Understands TOML
// and the command line's `key.sub=value`, but no options. Read next: tensor/fields.h.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "data/files/diagnostics.h"
#include "tensor/fields.h"

namespace cg {

/// The text of a configuration file, and the changes on the command line.
struct Source {
  std::string file;  ///< for messages; paths in the file are relative to its folder
  std::string text;  ///< TOML 1.0
  std::vector<std::string>
      overrides;  ///< `key.sub=value`; the value is TOML, but quotes and outer brackets are optional
};

/// One key of a source, or the header of a section.
struct Setting {
  std::string key;             ///< with its sections: "train.epochs"
  Position key_at, value_at;   ///< both {} on the command line
  bool section = false;        ///< a table: its keys follow as settings
  std::optional<Value> value;  ///< no value: a section, or a type that no field has
  std::string found;           ///< the value in words: `the integer 5`, `a date`
  std::string raw;             ///< the text after `=` on the command line
};

/// The settings of a TOML text, sections before their keys. A syntax error is added to `diagnostics` and gives no
/// settings.
std::vector<Setting> read_toml(const std::string& text, Diagnostics& diagnostics);

/// The setting of one override. An argument without `=` or without key is added to `diagnostics`.
std::optional<Setting> read_override(const std::string& argument, Diagnostics& diagnostics);

/// Reads the text after an override's `=` as TOML; if `list`, brackets may be missing. Text that is not TOML is taken
/// unchanged.
void read_override_value(Setting& setting, bool list);

/// A value in TOML; numbers have as many digits as reading them back needs.
std::string to_toml(const Value& value);

/// Reads a configuration file of at most 1 MiB. Errors: usage, if it cannot be read.
Source read_source(const std::string& file, std::vector<std::string> overrides);

}  // namespace cg
