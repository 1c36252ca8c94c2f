// SPDX-License-Identifier: Apache-2.0
// A table of the engines that were measured to be the fastest: for a kind of GPU, a version of cuDNN and a problem, the
// engine and its knobs. The backend asks the table before it asks cuDNN's heuristics. sweep_engines writes it.
// Read next: convolution_problem.h.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "tensor/backend/convolution_problem.h"
#include "tensor/backend/cuda_module.h"

namespace cg {

/// One line of a table. `workspace`, `milliseconds` and `card` say what was measured, and where; they decide nothing.
struct EngineEntry {
  int major, minor;  ///< compute capability
  Index cudnn;       ///< version, as cudnnGetVersion() gives it
  ConvolutionProblem problem;
  int engine;  ///< cuDNN's number
  std::vector<EngineKnob> knobs;
  Index workspace = 0;  ///< bytes
  double milliseconds = 0;
  std::string card = {};
  bool is_for_same(const EngineEntry& other) const;  ///< kind of GPU, version and problem
};

class EngineTable {
 public:
  /// The text of a table. Errors: usage, for a line that is not an entry, as `name`:line and what is expected.
  static EngineTable parse(std::string_view text, const std::string& name);
  /// Errors: usage, if the file cannot be read.
  static EngineTable read(const std::string& file);

  /// A comment with the format, then one line per entry.
  std::string text() const;
  const std::vector<EngineEntry>& entries() const { return entries_; }
  /// Adds an entry, in the place of the one for the same.
  void put(EngineEntry entry);
  /// Adds the entries of another table behind these.
  void append(const EngineTable& other);
  /// The entries for one kind of GPU and one version of cuDNN. Of several for a problem, the first.
  std::map<ConvolutionProblem, EngineEntry> of(int major, int minor, Index cudnn) const;

 private:
  std::vector<EngineEntry> entries_;
};

/// "2:3,11:0": knobs as numbers and values, in the order in which cuDNN gives them; "none".
std::string to_string(const std::vector<EngineKnob>& knobs);
/// "x=32x23x28x23x64 w=64x3x3x3x64 stride=1x1x1 padding=1x1x1"
std::string shapes_text(const ConvolutionProblem& problem);

}  // namespace cg
