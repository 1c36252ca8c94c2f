// SPDX-License-Identifier: Apache-2.0
#include "experiments/cohorts/id_pattern.h"

#include <cctype>
#include <functional>
#include <map>
#include <string_view>

namespace cg {
namespace {

namespace fs = std::filesystem;

const std::string id_word = "{participant_id}", session_word = "{session}";

bool in_session(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '.'; }

/// Compares a name with a pattern, from left to right, with all texts that a placeholder can have; the shortest first.
class Matcher {
 public:
  explicit Matcher(std::function<void(const PatternMatch&)> found) : found_(std::move(found)) {}

  void match(std::string_view name, std::string_view pattern, const PatternMatch& known) const {
    if (pattern.empty()) {
      if (name.empty()) found_(known);
    } else if (pattern.starts_with(id_word)) {
      word(name, pattern.substr(id_word.size()), known, &PatternMatch::id, [](char) { return true; });
    } else if (pattern.starts_with(session_word)) {
      word(name, pattern.substr(session_word.size()), known, &PatternMatch::session, in_session);
    } else if (pattern.front() == '*') {
      for (std::size_t n = 0; n <= name.size(); ++n) match(name.substr(n), pattern.substr(1), known);
    } else if (!name.empty() && name.front() == pattern.front()) {
      match(name.substr(1), pattern.substr(1), known);
    }
  }

 private:
  /// A placeholder's text: the one that it has already, or each possible one.
  template <class Allowed>
  void word(std::string_view name, std::string_view rest, const PatternMatch& known, std::string PatternMatch::*place,
            const Allowed& allowed) const {
    if (const std::string& text = known.*place; !text.empty()) {
      if (name.starts_with(text)) match(name.substr(text.size()), rest, known);
      return;
    }
    for (std::size_t n = 1; n <= name.size() && allowed(name[n - 1]); ++n) {
      PatternMatch next = known;
      next.*place = name.substr(0, n);
      match(name.substr(n), rest, next);
    }
  }

  std::function<void(const PatternMatch&)> found_;
};

void walk(const fs::path& root, const std::vector<std::string>& parts, std::size_t depth, const PatternMatch& known,
          std::map<std::string, PatternMatch>& found) {
  if (depth == parts.size()) {
    if (!known.id.empty()) found.try_emplace(known.file, known);
    return;
  }
  const std::string& part = parts[depth];
  if (part.find_first_of("{*") == std::string::npos) {
    std::error_code ignored;
    PatternMatch next = known;
    next.file = (fs::path(known.file) / part).string();
    // A link that leads nowhere is there: reading it tells why.
    if (fs::symlink_status(root / next.file, ignored).type() != fs::file_type::not_found)
      walk(root, parts, depth + 1, next, found);
    return;
  }
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(root / known.file, error)) {
    const std::string name = entry.path().filename().string();
    Matcher([&](PatternMatch next) {
      next.file = (fs::path(known.file) / name).string();
      walk(root, parts, depth + 1, next, found);
    }).match(name, part, known);
  }
}

std::vector<std::string> parts_of(const std::string& path) {
  std::vector<std::string> parts;
  for (const fs::path& part : fs::path(path))
    if (!part.empty() && part != ".") parts.push_back(part.string());
  return parts;
}

/// The same as walk for one path, whose parts are `names`; stops at the first match.
void follow(const std::vector<std::string>& names, const std::vector<std::string>& parts, std::size_t depth,
            const PatternMatch& known, std::optional<PatternMatch>& found) {
  if (found || names.size() != parts.size()) return;
  if (depth == parts.size()) {
    if (!known.id.empty()) found = known;
    return;
  }
  Matcher([&](const PatternMatch& next) {
    follow(names, parts, depth + 1, next, found);
  }).match(names[depth], parts[depth], known);
}

}  // namespace

std::string replaced(std::string text, const std::string& word, const std::string& by) {
  for (std::size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + by.size()))
    text.replace(at, word.size(), by);
  return text;
}

std::vector<std::string> placeholders(const std::string& pattern) {
  std::vector<std::string> out;
  for (std::size_t at = pattern.find('{'); at != std::string::npos; at = pattern.find('{', at + 1))
    out.push_back(pattern.substr(at, pattern.find('}', at) - at + 1));
  return out;
}

std::optional<PatternMatch> match_of(const std::string& file, const std::string& pattern) {
  std::optional<PatternMatch> found;
  follow(parts_of(file), parts_of(pattern), 0, {}, found);
  if (found) found->file = file;
  return found;
}

std::vector<PatternMatch> matching_files(const fs::path& root, const std::string& pattern) {
  std::map<std::string, PatternMatch> found;
  walk(root, parts_of(pattern), 0, {}, found);
  std::vector<PatternMatch> out;
  for (auto& [file, match] : found) out.push_back(std::move(match));
  return out;
}

}  // namespace cg
