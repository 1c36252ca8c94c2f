// SPDX-License-Identifier: Apache-2.0
// Text from files: whether bytes are UTF-8, as tables and names should be, and words in any case.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace cg {

/// The length in bytes of the UTF-8 character at the beginning of `text` (RFC 3629, without Unicode's non-characters);
/// 0 if there is no such character.
std::size_t utf8_character(std::string_view text);

/// The number of bytes from the beginning that are UTF-8; the size of `text` if all are.
std::size_t utf8_prefix(std::string_view text);

/// `text` with the letters A to Z in lower case.
std::string lower_case(std::string_view text);

}  // namespace cg
