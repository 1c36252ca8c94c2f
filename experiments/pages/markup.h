// SPDX-License-Identifier: Apache-2.0
// Writes HTML and SVG as a tree of elements. All text is escaped here and all elements are closed, so that a page is
// always well-formed.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cg {

/// Escapes text for use between tags and in quoted attributes: & < > " ' become entities, control bytes become spaces,
/// and bytes that are not UTF-8 become U+FFFD.
std::string escaped(std::string_view text);

class Markup {
 public:
  using Attributes = std::initializer_list<std::pair<std::string_view, std::string>>;

  Markup& open(std::string_view tag, Attributes attributes = {});
  Markup& close();  ///< closes the innermost open element
  Markup& text(std::string_view text);
  /// An element that contains only text.
  Markup& element(std::string_view tag, Attributes attributes, std::string_view text);
  /// An element without content: SVG's shapes, and HTML's void elements such as meta.
  Markup& empty(std::string_view tag, Attributes attributes = {});
  /// Markup, style or script that is part of this program. Never text that was read.
  Markup& own(const char* literal);

  /// The finished text. All elements must be closed.
  std::string take();

 private:
  void tag(std::string_view name, Attributes attributes, const char* end);
  std::string out_;
  std::vector<std::string> open_;
};

/// Opens a frame (class "frame" and `kind`) in which wide content scrolls sideways, below a sign that says so; to be
/// closed with two close(). The page's style hides the sign where the content fits.
void open_frame(Markup& page, const std::string& kind, const std::string& content);

}  // namespace cg
