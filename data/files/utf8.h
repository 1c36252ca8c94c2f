// SPDX-License-Identifier: Apache-2.0
// Checks whether bytes are UTF-8 text, as tables and names should be.
#pragma once

#include <cstddef>
#include <string_view>

namespace cg {

/// The length in bytes of the UTF-8 character at the beginning of `text` (RFC 3629, without Unicode's non-characters);
/// 0 if there is no such character.
std::size_t utf8_character(std::string_view text);

/// The number of bytes from the beginning that are UTF-8; the size of `text` if all are.
std::size_t utf8_prefix(std::string_view text);

}  // namespace cg
