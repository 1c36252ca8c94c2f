// SPDX-License-Identifier: Apache-2.0
#include "data/files/diagnostics.h"

#include <fmt/format.h>

#include <algorithm>

namespace cg {

void Diagnostics::report(const std::string& where, const std::string& fix, std::size_t most) const {
  if (empty()) return;
  std::vector<std::pair<std::string, std::size_t>> lines;  // text, how often
  for (const Diagnostic& one : list_) {
    const auto same = std::ranges::find(lines, one.text, [](const auto& line) { return line.first; });
    same == lines.end() ? void(lines.emplace_back(one.text, 1)) : void(++same->second);
  }
  std::string text = fmt::format("{} problem{}", size(), size() == 1 ? "" : "s");
  for (std::size_t k = 0; k < std::min(lines.size(), most); ++k)
    text += "\n  " + lines[k].first + (lines[k].second > 1 ? fmt::format(" ({} times)", lines[k].second) : "");
  if (lines.size() > most) text += fmt::format("\n  and {} more", lines.size() - most);
  const bool corrupt = only_corrupt_ && collected_ == size();
  fail(corrupt ? ErrorKind::corrupt : ErrorKind::data, where, text + "\n", fix);
}

}  // namespace cg
