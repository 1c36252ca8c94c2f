// SPDX-License-Identifier: Apache-2.0
// Collects everything that is wrong with an input, so that it is reported together.
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

/// One problem.
struct Diagnostic {
  Position at;
  std::string text;
};

class Diagnostics {
 public:
  void add(Diagnostic diagnostic) { list_.push_back(std::move(diagnostic)); }
  /// For inputs without lines and columns: `text` contains the position.
  void add(std::string text) { list_.push_back({{}, std::move(text)}); }
  /// Runs `body`. Keeps the message of an error of kind data or corrupt, and returns false. Other errors are rethrown.
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

  /// Fails if there are problems. The message has one line per problem, at most `most`; equal lines appear once, with
  /// their number. The kind is data, or corrupt if all problems are damaged files.
  void report(const std::string& where, const std::string& fix, std::size_t most = 20) const;

 private:
  std::vector<Diagnostic> list_;
  std::size_t collected_ = 0;
  bool only_corrupt_ = true;
};

}  // namespace cg
