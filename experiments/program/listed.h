// SPDX-License-Identifier: Apache-2.0
// Lists of names in messages.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

namespace cg {

/// The names with commas between them. Of more than `most`: the first ones, and how many more there are.
inline std::string listed(const std::vector<std::string>& names, std::size_t most = std::string::npos) {
  std::string text;
  for (std::size_t k = 0; k < std::min(names.size(), most); ++k) text += (k ? ", " : "") + names[k];
  return names.size() > most ? text + fmt::format(" and {} more", names.size() - most) : text;
}

}  // namespace cg
