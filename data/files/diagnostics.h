// Everything that is wrong with an input, reported together.
#pragma once

#include <string>
#include <vector>

#include "tensor/error.h"

namespace cg {

/// A position in a text file, counted from 1; line 0 means the command line, or that there is no position.
struct Position {
  std::size_t line = 0, column = 0;
  auto operator<=>(const Position&) const = default;
};

/// One thing that is wrong.
struct Diagnostic {
  Position at;
  std::string text;
};

class Diagnostics {
 public:
  void add(Diagnostic diagnostic) { list_.push_back(std::move(diagnostic)); }
  /// Where the input has no lines and columns: the text names the place itself.
  void add(std::string text) { list_.push_back({{}, std::move(text)}); }
  /// Runs `body`. Keeps the message of an error about data or a damaged file, and returns false. Other errors pass.
  template <class Body>
  bool collect(const Body& body) {
    try {
      body();
      return true;
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::data && error.kind() != ErrorKind::corrupt) throw;
      only_corrupt_ = only_corrupt_ && error.kind() == ErrorKind::corrupt;
      ++collected_;
      add(error.what());
      return false;
    }
  }

  bool empty() const { return list_.empty(); }
  std::size_t size() const { return list_.size(); }
  const std::vector<Diagnostic>& list() const { return list_; }

  /// Fails with the texts, one per line, at most `most`, unless there are none. The kind is data, or corrupt where all
  /// are damaged files.
  void report(const std::string& where, const std::string& fix, std::size_t most = 20) const;

 private:
  std::vector<Diagnostic> list_;
  std::size_t collected_ = 0;
  bool only_corrupt_ = true;
};

}  // namespace cg
