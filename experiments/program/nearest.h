// SPDX-License-Identifier: Apache-2.0
// The word that was probably meant by an unknown one: of a configuration or a command line.
#pragma once

#include <string>
#include <vector>

namespace cg {

/// The number of single-character edits (insert, delete, replace) between two words.
std::size_t edit_distance(const std::string& a, const std::string& b);

/// The nearest of `words` within two edits, or "".
std::string nearest(const std::string& word, const std::vector<std::string>& words);

/// `; did you mean "…"?` with the nearest word, or "".
std::string did_you_mean(const std::string& word, const std::vector<std::string>& words);

}  // namespace cg
