// Tables of fields (tensor/fields.h) against the settings of a configuration (settings.h): every error at once, the
// manual, and the resolved copy. Read next: settings.h (the text), tensor/fields.h (one field).
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "experiments/config/settings.h"
#include "tensor/fields.h"

namespace cg {

/// A field without its struct: what checks, manual and copy need. `value` is the default, or the value to copy.
struct Option {
  std::string key;
  Accepts accepts;
  std::string sentence;
  Value value;
};

/// The settings of a source that passed their checks, and everything wrong with the others.
struct Checked {
  std::map<std::string, Value> values;    ///< converted to the types of their fields
  std::map<std::string, Position> where;  ///< of each value; line 0: the command line
  std::set<std::string> wrong;            ///< keys of options whose setting was refused
  Diagnostics diagnostics;

  /// Adds a finding about options that only fit together, unless one of them was refused itself.
  /// It points at the first of `keys` that the source sets.
  void conflict(const std::vector<std::string>& keys, const std::string& text);
};

/// Checks every setting of a source: unknown key or section, wrong type, out of range, no such choice, set twice.
Checked check(const std::vector<Option>& options, const Source& source);

/// Throws a usage error with everything that is wrong, one line each: `file:line:column: …` or `command line: …`. Lines
/// are in the order of the file; those of the command line come last.
void throw_diagnostics(const Source& source, const Diagnostics& diagnostics);

/// What an option accepts: "integer, 1 to 100000", "one of rbf, gaussian, cauchy".
std::string accepted(const Option& option);

/// The options by section in at most 100 columns: key, what is accepted, default, sentence.
std::string manual(const std::vector<Option>& options);

/// The options as TOML, every key with its value and its sentence as a comment.
std::string resolved(const std::vector<Option>& options);

/// `key = value` lines without sections and comments: what a digest of a configuration is taken of.
std::string plain(const std::vector<Option>& options);

/// Single-character edits (insert, delete, replace) between two words.
std::size_t edit_distance(const std::string& a, const std::string& b);

/// The fields of a struct with the values it holds.
template <class S>
std::vector<Option> options_of(const Fields<S>& fields, const S& values = {}) {
  std::vector<Option> out;
  for (const Field<S>& f : fields) out.push_back({f.key, f.accepts, f.sentence, f.get(values)});
  return out;
}

/// The defaults of S with the checked values in their places.
template <class S>
S assemble(const Fields<S>& fields, const Checked& checked) {
  S out{};
  for (const Field<S>& f : fields)
    if (const auto at = checked.values.find(f.key); at != checked.values.end()) f.set(out, at->second);
  return out;
}

}  // namespace cg
