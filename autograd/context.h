// SPDX-License-Identifier: Apache-2.0
// What layers compute with: it applies ops, names the scope that they belong to, and holds the mode (training or
// evaluation). Read next: tape.h.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "autograd/tape.h"

namespace cg {

class Context {
 public:
  /// `views`: the number of equal views that each sample represents. Only batch norm's running variance depends on it.
  Context(Tape& tape, bool is_training, Index views = 1)
      : training(is_training), equal_views(views), tape_(tape), keeps_(is_training) {}
  /// Evaluation mode with a backward pass: for gradients of a trained network's output with respect to its input.
  static Context explaining(Tape& tape) {
    Context context(tape, false);
    context.keeps_ = true;
    return context;
  }

  const bool training;
  const Index equal_views;

  /// y = op(inputs), recorded under the current scope.
  template <Op O>
  Variable apply(const O& op, std::vector<Variable> inputs) {
    return tape_.apply(erase(op), std::move(inputs), scope_, keeps_);
  }

  /// While it lives, ops belong to `name` inside the current scope.
  class Scope {
   public:
    Scope(Context& context, const std::string& name) : context_(context), length_(context.scope_.size()) {
      context_.scope_ += (length_ ? "." : "") + name;
    }
    ~Scope() { context_.scope_.resize(length_); }
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    Context& context_;
    std::size_t length_;
  };
  [[nodiscard]] Scope scope(const std::string& name) { return {*this, name}; }

 private:
  Tape& tape_;
  bool keeps_;  // whether the tensors that a backward pass reads are kept
  std::string scope_;
};

}  // namespace cg
