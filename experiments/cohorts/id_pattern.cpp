// SPDX-License-Identifier: Apache-2.0
#include "experiments/cohorts/id_pattern.h"

#include <vector>

namespace cg {
namespace {

namespace fs = std::filesystem;

const std::string word = "{participant_id}";

/// The id that `name` has in the place of `word` in `pattern`; it must be the same in all places. Empty: `name` does
/// not match.
std::string id_in(const std::string& name, const std::string& pattern, const std::string& known) {
  const std::size_t at = pattern.find(word);
  if (at == std::string::npos) return "";
  std::string id = known;
  if (known.empty()) {
    std::size_t words = 0;
    for (std::size_t k = at; k != std::string::npos; k = pattern.find(word, k + 1)) ++words;
    const std::size_t fixed = pattern.size() - words * word.size();
    if (name.size() <= fixed || (name.size() - fixed) % words != 0) return "";
    id = name.substr(at, (name.size() - fixed) / words);
  }
  return replaced(pattern, word, id) == name ? id : "";
}

void walk(const fs::path& root, const fs::path& below, const std::vector<std::string>& parts, std::size_t depth,
          const std::string& id, std::map<std::string, std::string>& found) {
  if (depth == parts.size()) {
    if (!id.empty()) found.emplace(id, below.string());
    return;
  }
  if (parts[depth].find(word) == std::string::npos) {
    std::error_code ignored;
    if (fs::exists(root / below / parts[depth], ignored)) walk(root, below / parts[depth], parts, depth + 1, id, found);
    return;
  }
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(root / below, error)) {
    const std::string name = entry.path().filename().string(), here = id_in(name, parts[depth], id);
    if (!here.empty()) walk(root, below / name, parts, depth + 1, here, found);
  }
}

}  // namespace

std::string replaced(std::string text, const std::string& word, const std::string& by) {
  for (std::size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + by.size()))
    text.replace(at, word.size(), by);
  return text;
}

std::map<std::string, std::string> matching_files(const fs::path& root, const std::string& pattern) {
  std::vector<std::string> parts;
  for (const fs::path& part : fs::path(pattern)) parts.push_back(part.string());
  std::map<std::string, std::string> found;
  walk(root, "", parts, 0, "", found);
  return found;
}

}  // namespace cg
