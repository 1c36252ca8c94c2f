// SPDX-License-Identifier: Apache-2.0
// The options of a plain struct as a table: key, member, accepted values, a sentence. Parsing, errors, the manual and
// the resolved copy of a configuration all use this table. Losses, data and layers describe their own options with it
// and do not know the experiments; experiments/config/fields.h combines the tables.
#pragma once

#include <algorithm>
#include <concepts>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "tensor/error.h"
#include "tensor/index.h"

namespace cg {

/// A value in a configuration file.
using Value =
    std::variant<bool, Index, double, std::string, std::vector<Index>, std::vector<double>, std::vector<std::string>>;

/// The values that a field accepts, besides its type.
struct Accepts {
  double least = -std::numeric_limits<double>::infinity();
  double most = std::numeric_limits<double>::infinity();
  bool open = false;                 ///< `least` itself is not accepted
  std::vector<std::string> choices;  ///< the allowed words; empty: any word
  std::string instead = {};          ///< of a number: the word that may take its place
  /// Words of earlier versions, each with the choice that replaced it. They are read, but never written.
  std::vector<std::pair<std::string, std::string>> former = {};
  /// The choice that earlier versions, without this key, stood for. With it a configuration has the same digest as
  /// there. Empty: the key always counts.
  std::string implied = {};
  bool changes_numbers = true;  ///< false: it changes time or memory alone, and does not count in the digest

  /// The choice for a word: the word itself, or the replacement of a former word.
  std::string current(const std::string& word) const {
    const auto found = std::find_if(former.begin(), former.end(), [&](const auto& f) { return f.first == word; });
    return found == former.end() ? word : found->second;
  }
};

inline Accepts any() { return {}; }
inline Accepts between(double least, double most) { return {.least = least, .most = most, .choices = {}}; }
inline Accepts at_least(double least) { return {.least = least, .choices = {}}; }
inline Accepts above(double least) { return {.least = least, .open = true, .choices = {}}; }
inline Accepts one_of(std::vector<std::string> choices) { return {.choices = std::move(choices)}; }

/// One option of the struct S.
template <class S>
struct Field {
  std::string key;
  Accepts accepts;
  std::string sentence;  ///< for the manual: what it means, with its unit
  std::function<Value(const S&)> get;
  std::function<void(S&, const Value&)> set;  ///< the value has the alternative that `get` returns, and is in range

  /// The same field of an option that changes time or memory, but no result.
  Field without_effect_on_numbers() const {
    Field out = *this;
    out.accepts.changes_numbers = false;
    return out;
  }

  /// The same field with Accepts::implied.
  Field implied(std::string choice) const {
    Field out = *this;
    out.accepts.implied = std::move(choice);
    return out;
  }
};

template <class S>
using Fields = std::vector<Field<S>>;

template <class T>
concept Enumeration = std::is_enum_v<T>;

/// The types that a Value can hold.
template <class T>
concept StoredValue = std::constructible_from<Value, T> && !Enumeration<T>;

/// A field that is stored unchanged: bool, Index, double, std::string or a vector of one of the last three.
template <class S, StoredValue T>
Field<S> field(std::string key, T S::*member, Accepts accepts, std::string sentence) {
  return {std::move(key), std::move(accepts), std::move(sentence), [member](const S& s) { return Value(s.*member); },
          [member](S& s, const Value& v) { s.*member = std::get<T>(v); }};
}

/// A number, or the word `instead` for no value.
template <class S>
Field<S> field(std::string key, std::optional<double> S::*member, Accepts accepts, std::string instead,
               std::string sentence) {
  accepts.instead = instead;
  return {std::move(key), std::move(accepts), std::move(sentence),
          [member, instead](const S& s) { return s.*member ? Value(*(s.*member)) : Value(instead); },
          [member](S& s, const Value& v) {
            const auto* number = std::get_if<double>(&v);
            s.*member = number ? std::optional(*number) : std::nullopt;
          }};
}

/// An enum field; `words` name its values 0, 1, 2 … in order. `former`: as in Accepts.
template <class S, Enumeration E>
Field<S> field(std::string key, E S::*member, std::vector<std::string> words, std::string sentence,
               std::vector<std::pair<std::string, std::string>> former = {}) {
  Accepts accepts = one_of(words);
  accepts.former = std::move(former);
  return {std::move(key), std::move(accepts), std::move(sentence),
          [member, words](const S& s) { return Value(words.at(static_cast<std::size_t>(s.*member))); },
          [member, words](S& s, const Value& v) {
            const auto at = std::find(words.begin(), words.end(), std::get<std::string>(v));
            s.*member = static_cast<E>(at - words.begin());
          }};
}

/// The fields of a part as fields of its owner S, their keys prefixed. `part(s)` is the part of s, for S and const S.
template <class S, class Part, class Access>
Fields<S> part_fields(const std::string& prefix, const Access& part, const Fields<Part>& parts) {
  Fields<S> out;
  for (const Field<Part>& p : parts)
    out.push_back({prefix + p.key, p.accepts, p.sentence, [part, get = p.get](const S& s) { return get(part(s)); },
                   [part, set = p.set](S& s, const Value& v) { set(part(s), v); }});
  return out;
}

/// The fields of a member struct as fields of its owner, their keys prefixed with `section.`.
template <class S, class Part>
Fields<S> section(const std::string& name, Part S::*member, const Fields<Part>& parts) {
  return part_fields<S>(
      name + ".", [member](auto& s) -> auto& { return s.*member; }, parts);
}

/// Adds `more` at the end of `fields`.
template <class S>
void append(Fields<S>& fields, Fields<S> more) {
  for (Field<S>& f : more) fields.push_back(std::move(f));
}

}  // namespace cg
