// SPDX-License-Identifier: Apache-2.0
// Finds files by a pattern that contains the place of an id.
#pragma once

#include <filesystem>
#include <map>
#include <string>

namespace cg {

/// `text` with each `word` replaced by `by`.
std::string replaced(std::string text, const std::string& word, const std::string& by);

/// The files below `root` that match `pattern`: id → path below the root. Folders that cannot be read are skipped.
std::map<std::string, std::string> matching_files(const std::filesystem::path& root, const std::string& pattern);

}  // namespace cg
