// SPDX-License-Identifier: Apache-2.0
// A list of types: all ops (tensor/ops/all.h), all losses (losses/all.h), all predictors of age.
#pragma once

namespace cg {

template <class... Type>
struct TypeList {
  /// Calls f.operator()<T>() for each type T, in order.
  template <class F>
  static void for_each(const F& f) {
    (f.template operator()<Type>(), ...);
  }
};

}  // namespace cg
