// SPDX-License-Identifier: Apache-2.0
#include "data/files/diagnostics.h"

#include <fmt/format.h>

#include <algorithm>

namespace cg {

void Diagnostics::report(const std::string& where, const std::string& fix, std::size_t most) const {
  if (empty()) return;
  std::string text = fmt::format("{} problem{}", size(), size() == 1 ? "" : "s");
  for (std::size_t k = 0; k < std::min(size(), most); ++k) text += "\n  " + list_[k].text;
  if (size() > most) text += fmt::format("\n  and {} more", size() - most);
  const bool corrupt = only_corrupt_ && collected_ == size();
  fail(corrupt ? ErrorKind::corrupt : ErrorKind::data, where, text + "\n", fix);
}

}  // namespace cg
