// SPDX-License-Identifier: Apache-2.0
// The digests that this project writes into its files, so that a damaged file is refused when it is read. The text has
// the layout of the program sha256sum: a digest, two spaces, the name of a part. Files of other programs have none.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace cg {

/// Reports a part that differs from its digest, or that is missing. Errors: corrupt, always.
[[noreturn]] void fail_sum(const std::string& path, const std::string& part);

class Sums {
 public:
  /// The name, in a file, of the text with the digests.
  static constexpr const char* name = "sha256sums";

  /// What is said of a file without digests.
  static constexpr const char* absent =
      "not verified: it has no digests of its content (another program or an earlier version wrote it)";

  Sums() = default;
  /// Reads text(). Errors (corrupt): the text itself is damaged; `path` is for the message.
  static Sums of_text(const std::string& path, std::string_view text);

  void add(const std::string& part, const std::string& digest) { of_[part] = digest; }
  /// One line for each part, by name, and a last line with the digest of those before.
  std::string text() const;

  bool empty() const { return of_.empty(); }
  bool has(const std::string& part) const { return of_.contains(part); }
  const std::map<std::string, std::string>& all() const { return of_; }  ///< digest by part

  /// Computes the digest of a part that has one, and compares it. Errors (corrupt): it differs.
  template <class Compute>
  void check(const std::string& path, const std::string& part, const Compute& compute) const {
    const auto at = of_.find(part);
    if (at != of_.end() && at->second != compute()) fail_sum(path, part);
  }

 private:
  std::map<std::string, std::string> of_;
};

}  // namespace cg
