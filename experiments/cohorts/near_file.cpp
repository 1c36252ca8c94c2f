// SPDX-License-Identifier: Apache-2.0
#include "experiments/cohorts/near_file.h"

#include <algorithm>
#include <cctype>

#include "data/formats/map_file.h"
#include "experiments/cohorts/id_pattern.h"

namespace cg {
namespace {

namespace fs = std::filesystem;

constexpr int most_files = 100'000;

bool is_map_name(const std::string& name) { return without_map_ending(name) != name; }

/// The BIDS session in a path, "ses-01"; empty: none.
std::string session_in(const std::string& path) {
  const std::size_t at = path.find("ses-");
  if (at == std::string::npos) return "";
  return path.substr(at, path.find_first_of("/_", at) - at);
}

std::size_t common_ending(const std::string& a, const std::string& b) {
  const auto [left, right] = std::mismatch(a.rbegin(), a.rend(), b.rbegin(), b.rend());
  return static_cast<std::size_t>(left - a.rbegin());
}

/// Where `id` is in a path as a whole word, from `from` on: sub-1 is not in sub-10. npos: nowhere.
std::size_t whole(const std::string& path, const std::string& id, std::size_t from = 0) {
  const auto alnum = [&](std::size_t at) {
    return at < path.size() && std::isalnum(static_cast<unsigned char>(path[at]));
  };
  for (std::size_t at = path.find(id, from); at != std::string::npos; at = path.find(id, at + 1))
    if ((at == 0 || !alnum(at - 1)) && !alnum(at + id.size())) return at;
  return std::string::npos;
}

std::string replaced_whole(std::string path, const std::string& id, const std::string& by) {
  for (std::size_t at = whole(path, id); at != std::string::npos; at = whole(path, id, at + by.size()))
    path.replace(at, id.size(), by);
  return path;
}

/// The pattern that gives this file with the id of one of these people. Of several ids in the path, the longest counts.
std::optional<std::string> pattern_of(const std::string& file, const std::vector<Participant>& people) {
  std::string id, word;
  const Participant* whose = nullptr;
  for (const Participant& person : people) {
    const std::string with_sub = "sub-" + join_key(person.id);
    for (const std::string& name : {with_sub, person.id}) {
      if (name.size() <= id.size() || whole(file, name) == std::string::npos) continue;
      id = name;
      word = name == person.id ? "{participant_id}" : "sub-{participant_id}";
      whose = &person;
    }
  }
  if (!whose) return std::nullopt;
  std::string found = file;
  if (const std::string session = session_in(file); !session.empty()) found = replaced(found, session, "{session}");
  found = replaced_whole(found, id, word);
  const std::optional<PatternMatch> match = match_of(file, found);
  if (!match || join_key(match->id) != join_key(whose->id)) return std::nullopt;
  return found;
}

}  // namespace

std::optional<NearFile> near_file(const fs::path& root, const std::vector<Participant>& people,
                                  const std::string& pattern) {
  std::optional<NearFile> nearest;
  std::size_t most_common = 0;
  int looked = 0;
  std::error_code error, ignored;
  fs::recursive_directory_iterator entries(root, fs::directory_options::skip_permission_denied, error), end;
  for (; !error && entries != end && looked < most_files; entries.increment(error), ++looked) {
    if (entries->is_directory(ignored)) {
      if (entries->path().filename().string().starts_with('.')) entries.disable_recursion_pending();
      continue;
    }
    const std::string file = fs::path(entries->path()).lexically_relative(root).string();
    if (!is_map_name(file)) continue;
    const std::size_t common = common_ending(file, pattern);
    if (nearest && (common < most_common || (common == most_common && nearest->file < file))) continue;
    if (const auto found = pattern_of(file, people)) {
      nearest = {file, *found};
      most_common = common;
    }
  }
  return nearest;
}

}  // namespace cg
