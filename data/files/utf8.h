// Whether bytes are text in UTF-8, as tables and names should be.
#pragma once

#include <cstddef>
#include <string_view>

namespace cg {

/// Bytes of the UTF-8 character that `text` begins with (RFC 3629, and none of Unicode's non-characters); 0 where it
/// begins with none.
std::size_t utf8_character(std::string_view text);

/// How many bytes from the beginning are UTF-8; all of them where it is the text's size.
std::size_t utf8_prefix(std::string_view text);

}  // namespace cg
