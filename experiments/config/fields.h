// SPDX-License-Identifier: Apache-2.0
// Checks the settings of a configuration (settings.h) against tables of fields (tensor/fields.h). Reports all errors
// together, and writes the manual and the resolved copy. Read next: settings.h (the text), tensor/fields.h (one field).
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "experiments/config/settings.h"
#include "tensor/fields.h"

namespace cg {

/// A field without its struct, as needed by checks, manual and copy. `value` is the default, or the value to copy.
struct Option {
  std::string key;
  Accepts accepts;
  std::string sentence;
  Value value;
  std::string note = {};  ///< on the value, for the resolved copy
};

/// The valid settings of a source, and the problems of the others.
struct Checked {
  std::map<std::string, Value> values;    ///< converted to the types of their fields
  std::map<std::string, Position> where;  ///< of each value; line 0: the command line
  std::set<std::string> wrong;            ///< keys of options with an invalid setting
  Diagnostics diagnostics;

  /// Adds a problem of options that do not fit together, unless one of them is invalid itself. Its position is that of
  /// the first of `keys` that the source sets.
  void conflict(const std::vector<std::string>& keys, const std::string& text);
};

/// Checks all settings of a source: unknown key or section, wrong type, out of range, unknown choice, set twice.
Checked check(const std::vector<Option>& options, const Source& source);

/// The same of settings that were read before, and then of the overrides `key.sub=value`. Of settings with the same key
/// the last one counts. `diagnostics`: problems that are known already.
Checked check(const std::vector<Option>& options, const std::vector<Setting>& settings,
              const std::vector<std::string>& overrides, Diagnostics diagnostics = {});

/// Throws a usage error with all problems, one line each: `file:line:column: …` or `command line: …`. The lines are in
/// the order of the file; those of the command line come last.
void throw_diagnostics(const Source& source, const Diagnostics& diagnostics);

/// The accepted values of an option: "integer, 1 to 100000", "one of rbf, gaussian, cauchy".
std::string accepted(const Option& option);

/// The options by section, in at most 100 columns: key, accepted values, default, sentence.
std::string manual(const std::vector<Option>& options);

/// The options as TOML: each key with its value, and its sentence as a comment.
std::string resolved(const std::vector<Option>& options);

/// `key = value` lines without sections and comments: the input of a configuration's digest. Values that are implied
/// where the key is missing (Accepts::implied) are left out, and so are options that change no number.
std::string plain(const std::vector<Option>& options);

/// The fields of a struct with the values in `values`.
template <class S>
std::vector<Option> options_of(const Fields<S>& fields, const S& values = {}) {
  std::vector<Option> out;
  for (const Field<S>& f : fields) out.push_back({f.key, f.accepts, f.sentence, f.get(values)});
  return out;
}

/// The values of `base`, by default those of S, replaced by the checked ones.
template <class S>
S assemble(const Fields<S>& fields, const Checked& checked, const S& base = {}) {
  S out = base;
  for (const Field<S>& f : fields)
    if (const auto at = checked.values.find(f.key); at != checked.values.end()) f.set(out, at->second);
  return out;
}

}  // namespace cg
