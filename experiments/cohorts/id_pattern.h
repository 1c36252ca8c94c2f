// File names with a place for an id, looked for in folders.
#pragma once

#include <filesystem>
#include <map>
#include <string>

namespace cg {

/// `text` with `by` in the place of every `word`.
std::string replaced(std::string text, const std::string& word, const std::string& by);

/// The files below `root` that `pattern` names for some id: id → path below the root. Folders that cannot be read hold
/// none.
std::map<std::string, std::string> matching_files(const std::filesystem::path& root, const std::string& pattern);

}  // namespace cg
