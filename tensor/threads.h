// SPDX-License-Identifier: Apache-2.0
// How many threads parallel regions have. Read next: parallel.h.
#pragma once

#include <omp.h>

#include "tensor/index.h"

namespace cg {

/// While it lives, parallel regions that this thread starts have `number` threads; 0: as many as before.
class Threads {
 public:
  explicit Threads(Index number) {
    if (number > 0) omp_set_num_threads(static_cast<int>(number));
  }
  ~Threads() { omp_set_num_threads(before_); }
  Threads(const Threads&) = delete;
  Threads& operator=(const Threads&) = delete;

 private:
  int before_ = omp_get_max_threads();
};

}  // namespace cg
