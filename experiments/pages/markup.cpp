// SPDX-License-Identifier: Apache-2.0
#include "experiments/pages/markup.h"

#include <cassert>

#include "data/files/utf8.h"

namespace cg {

std::string escaped(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t length = utf8_character(text);
    const char c = text[0];
    if (length == 0)
      out += "\uFFFD";
    else if (c == '&')
      out += "&amp;";
    else if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c == '"')
      out += "&quot;";
    else if (c == '\'')
      out += "&#39;";
    else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F)
      out += ' ';
    else
      out += text.substr(0, length);
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return out;
}

void Markup::tag(std::string_view name, Attributes attributes, const char* end) {
  out_ += '<';
  out_ += name;
  for (const auto& [key, value] : attributes) {
    out_ += ' ';
    out_ += key;
    out_ += "=\"" + escaped(value) + '"';
  }
  out_ += end;
}

Markup& Markup::open(std::string_view name, Attributes attributes) {
  tag(name, attributes, ">");
  open_.emplace_back(name);
  return *this;
}

Markup& Markup::close() {
  assert(!open_.empty());
  out_ += "</" + open_.back() + "\n>";  // line breaks only where white space is not text
  open_.pop_back();
  return *this;
}

Markup& Markup::text(std::string_view text) {
  out_ += escaped(text);
  return *this;
}

Markup& Markup::element(std::string_view name, Attributes attributes, std::string_view content) {
  return open(name, attributes).text(content).close();
}

Markup& Markup::empty(std::string_view name, Attributes attributes) {
  tag(name, attributes, "\n/>");
  return *this;
}

Markup& Markup::own(const char* literal) {
  out_ += literal;
  return *this;
}

std::string Markup::take() {
  assert(open_.empty());
  return std::move(out_);
}

void open_frame(Markup& page, const std::string& kind, const std::string& content) {
  page.open("div", {{"class", "frame " + kind}});
  page.element("p", {{"class", "sign"}}, "\u2194 " + content + " is wider than its frame: scroll it sideways.");
  page.open("div", {{"class", "scroll"}, {"tabindex", "0"}, {"role", "group"}, {"aria-label", content}});
}

}  // namespace cg
