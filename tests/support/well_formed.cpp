// SPDX-License-Identifier: Apache-2.0
#include "tests/support/well_formed.h"

#include <cctype>
#include <set>
#include <string_view>
#include <vector>

namespace cg::test {
namespace {

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  std::string problem() {
    if (starts("<!DOCTYPE html>")) at_ = std::string_view("<!DOCTYPE html>").size();
    while (wrong_.empty() && at_ < text_.size()) {
      if (text_[at_] != '<')
        content();
      else if (starts("</"))
        end_tag();
      else
        start_tag();
    }
    if (wrong_.empty() && (!open_.empty() || roots_ != 1)) say("the page does not end with its root");
    return wrong_;
  }

 private:
  bool starts(std::string_view with) const { return text_.substr(at_).starts_with(with); }
  char next() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  void space() {
    while (std::isspace(static_cast<unsigned char>(next()))) ++at_;
  }
  void say(const std::string& what) {
    if (wrong_.empty()) wrong_ = what + " at \"" + std::string(text_.substr(at_, 40)) + '"';
  }
  void expect(char c) {
    if (next() != c)
      say(std::string("expected ") + c);
    else
      ++at_;
  }
  std::string name() {
    const std::size_t begin = at_;
    while (std::isalnum(static_cast<unsigned char>(next())) || next() == '-' || next() == ':') ++at_;
    if (begin == at_) say("expected a name");
    return std::string(text_.substr(begin, at_ - begin));
  }

  /// Text up to one of `ends`, with known entities only.
  void text(std::string_view ends) {
    for (; at_ < text_.size() && ends.find(next()) == std::string_view::npos; ++at_) {
      const auto c = static_cast<unsigned char>(next());
      if (c < 0x20 && !std::isspace(c)) say("a control byte");
      if (c != '&') continue;
      bool known = false;
      for (const char* entity : {"&amp;", "&lt;", "&gt;", "&quot;", "&#39;"}) known = known || starts(entity);
      if (!known) say("an unknown entity");
    }
  }
  void content() {
    const std::size_t begin = at_;
    text("<");
    if (open_.empty() && text_.substr(begin, at_ - begin).find_first_not_of(" \n") != std::string_view::npos)
      say("text outside of the root");
  }

  void start_tag() {
    expect('<');
    const std::string tag = name();
    std::set<std::string> keys;
    for (space(); wrong_.empty() && next() != '>' && next() != '/'; space()) {
      if (!keys.insert(name()).second) say("an attribute twice");
      expect('=');
      expect('"');
      text("\"<");
      expect('"');
    }
    if (open_.empty()) ++roots_;
    const bool empty = next() == '/';
    if (empty) ++at_;
    space();
    expect('>');
    if (!empty) open_.push_back(tag);
  }
  void end_tag() {
    at_ += 2;
    const std::string tag = name();
    if (open_.empty() || open_.back() != tag)
      say("</" + tag + "> closes " + (open_.empty() ? "nothing" : open_.back()));
    else
      open_.pop_back();
    space();
    expect('>');
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::vector<std::string> open_;
  int roots_ = 0;
  std::string wrong_;
};

}  // namespace

std::string malformed(const std::string& text) { return Reader(text).problem(); }

}  // namespace cg::test
