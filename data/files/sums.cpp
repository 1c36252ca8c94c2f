// SPDX-License-Identifier: Apache-2.0
#include "data/files/sums.h"

#include <fmt/format.h>

#include "data/files/digest.h"
#include "tensor/error.h"

namespace cg {
namespace {

constexpr std::size_t digits = 64;
constexpr std::string_view between = "  ", last = "the lines above";

}  // namespace

Sums Sums::of_text(const std::string& path, std::string_view text) {
  Sums sums;
  std::size_t at = 0;
  for (std::size_t end = text.find('\n'); end != std::string_view::npos; end = text.find('\n', at)) {
    const std::string_view line = text.substr(at, end - at);
    if (line.size() <= digits + between.size() || line.substr(digits, between.size()) != between) break;
    const std::string digest(line.substr(0, digits)), part(line.substr(digits + between.size()));
    if (part == last && end + 1 == text.size() && digest == sha256(text.substr(0, at))) return sums;
    sums.of_.emplace(part, digest);
    at = end + 1;
  }
  fail_sum(path, name);
}

std::string Sums::text() const {
  std::string lines;
  for (const auto& [part, digest] : of_) lines += fmt::format("{}{}{}\n", digest, between, part);
  return lines + fmt::format("{}{}{}\n", sha256(lines), between, last);
}

void fail_sum(const std::string& path, const std::string& part) {
  fail(
      ErrorKind::corrupt, path,
      fmt::format("\"{}\" differs from its SHA-256: the file is damaged, or another program changed it", part),
      fmt::format("Create or download the file again; if you changed the file on purpose, remove \"{}\" from the file.",
                  Sums::name));
}

}  // namespace cg
