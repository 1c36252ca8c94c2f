// SPDX-License-Identifier: Apache-2.0
// Kinds of one thing (losses, predictors of age), each with its own options. A kind is a type with a nested `Options`
// and its `Options::fields()`. One list of all kinds (losses/all.h) gives their names, their options and the keys.
// Read next: fields.h.
#pragma once

#include <any>
#include <map>
#include <typeindex>

#include "tensor/fields.h"
#include "tensor/type_list.h"

namespace cg {

/// The `Options` of a kind that has none.
struct NoOptions {
  static Fields<NoOptions> fields() { return {}; }
};

/// The own options of every kind. A kind whose options were never set has its defaults.
class OwnOptions {
 public:
  template <class Kind>
  const typename Kind::Options& of() const {
    static const typename Kind::Options defaults{};
    const auto found = by_kind_.find(typeid(Kind));
    return found == by_kind_.end() ? defaults : std::any_cast<const typename Kind::Options&>(found->second);
  }
  template <class Kind>
  typename Kind::Options& of() {
    std::any& options = by_kind_[typeid(Kind)];
    if (!options.has_value()) options = typename Kind::Options{};
    return std::any_cast<typename Kind::Options&>(options);
  }

 private:
  std::map<std::type_index, std::any> by_kind_;
};

}  // namespace cg
