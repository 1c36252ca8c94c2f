// SPDX-License-Identifier: Apache-2.0
// Finds files by a pattern with placeholders: {participant_id}, {session}, and * for any part of a name.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace cg {

/// `text` with each `word` replaced by `by`.
std::string replaced(std::string text, const std::string& word, const std::string& by);

/// The placeholders {…} in a pattern, in their order.
std::vector<std::string> placeholders(const std::string& pattern);

/// A file that fits a pattern.
struct PatternMatch {
  std::string id;       ///< in the place of {participant_id}, the same in all places
  std::string session;  ///< in the place of {session}: letters, digits, - and .; empty if the pattern has no such place
  std::string file;     ///< path below the root
};

/// How one path below the root fits `pattern`: as matching_files has it. No value: it does not fit.
std::optional<PatternMatch> match_of(const std::string& file, const std::string& pattern);

/// The files below `root` that match `pattern`, by path. Folders that cannot be read are skipped. Files whose id is
/// empty are left out.
std::vector<PatternMatch> matching_files(const std::filesystem::path& root, const std::string& pattern);

}  // namespace cg
