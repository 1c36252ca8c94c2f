// SPDX-License-Identifier: Apache-2.0
// A layer declares parameters and child layers by name, and computes one variable from another. Names are joined with
// dots, as in PyTorch's checkpoints. Read next: autograd/context.h.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "autograd/context.h"
#include "autograd/parameter.h"

namespace cg {

class Module {
 public:
  virtual ~Module() = default;
  Module() = default;
  Module(const Module&) = delete;
  Module& operator=(const Module&) = delete;

  /// The layer's name inside its parent; empty for a root.
  const std::string& name() const { return name_; }

  /// All parameters in order of declaration: the layer's own, then those of its children. Sets their full names.
  std::vector<Parameter*> parameters(const std::string& prefix = "");

 protected:
  Parameter& parameter(std::string name, Shape shape, Initial initial);
  /// Declares a statistic: part of the model, but not trained.
  Parameter& statistic(std::string name, Shape shape, Initial initial);

  /// Creates a child layer of type M.
  template <class M, class... Arguments>
  M& child(std::string name, Arguments&&... arguments) {
    auto made = std::make_unique<M>(std::forward<Arguments>(arguments)...);
    static_cast<Module&>(*made).name_ = std::move(name);
    M& layer = *made;
    children_.push_back(std::move(made));
    return layer;
  }

 private:
  struct Declared {
    std::string name;
    std::unique_ptr<Parameter> parameter;
  };
  std::string name_;
  std::vector<Declared> declared_;
  std::vector<std::unique_ptr<Module>> children_;
};

}  // namespace cg
