// SPDX-License-Identifier: Apache-2.0
#include "experiments/cohorts/near_file.h"

#include <algorithm>

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
    for (const Participant& person : people) {
      std::string id = "sub-" + join_key(person.id);
      if (file.find(id) == std::string::npos) id = person.id;
      if (file.find(id) == std::string::npos) continue;
      std::string found = file;
      if (const std::string session = session_in(file); !session.empty()) found = replaced(found, session, "{session}");
      found = replaced(found, id, id == person.id ? "{participant_id}" : "sub-{participant_id}");
      nearest = {file, found};
      most_common = common;
      break;
    }
  }
  return nearest;
}

}  // namespace cg
