// HTML and SVG written as a tree of elements: whatever is put in is escaped here, and every element is closed, so that
// a page is well-formed by construction.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cg {

/// Text as it may stand between tags and in quoted attributes: & < > " ' as entities, control bytes as spaces, what is
/// no UTF-8 as U+FFFD.
std::string escaped(std::string_view text);

class Markup {
 public:
  using Attributes = std::initializer_list<std::pair<std::string_view, std::string>>;

  Markup& open(std::string_view tag, Attributes attributes = {});
  Markup& close();  ///< the innermost open element
  Markup& text(std::string_view text);
  /// An element that holds text only.
  Markup& element(std::string_view tag, Attributes attributes, std::string_view text);
  /// An element without content: SVG's shapes, and HTML's void elements such as meta.
  Markup& empty(std::string_view tag, Attributes attributes = {});
  /// Text of this program's own that is already markup, style or script. Never anything that was read.
  Markup& own(const char* literal);

  /// The finished text. All elements must be closed.
  std::string take();

 private:
  void tag(std::string_view name, Attributes attributes, const char* end);
  std::string out_;
  std::vector<std::string> open_;
};

}  // namespace cg
