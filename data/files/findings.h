// Everything that is wrong with an input, told at once.
#pragma once

#include <string>
#include <vector>

#include "tensor/error.h"

namespace cg {

class Findings {
 public:
  /// One finding, with its place.
  void add(std::string text) { texts_.push_back(std::move(text)); }
  /// What `body` fails with, if the error is about data or a damaged file; others pass.
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

  bool empty() const { return texts_.empty(); }
  std::size_t size() const { return texts_.size(); }
  const std::vector<std::string>& texts() const { return texts_; }

  /// Fails with all of them, a line each, at most `most`, unless there are none. The kind is data, or corrupt where
  /// all are damaged files.
  void report(const std::string& where, const std::string& fix, std::size_t most = 20) const;

 private:
  std::vector<std::string> texts_;
  std::size_t collected_ = 0;
  bool only_corrupt_ = true;
};

}  // namespace cg
