// SPDX-License-Identifier: Apache-2.0
#include "losses/attraction.h"

#include <fmt/format.h>

#include "tensor/error.h"

namespace cg {

void check_someone_to_repel(const std::string& loss, const LossInput& in, Index needed, const std::string& remedy) {
  if (in.rows() >= needed) return;
  const Index subjects = (needed + in.views - 1) / in.views;
  fail(ErrorKind::usage, "loss." + loss,
       fmt::format("{} row(s) leave no row to repel, expected at least {}", in.rows(), needed),
       fmt::format("Set train.batch_size to at least {}{}", subjects, remedy));
}

Attraction pull_to_other_view(const std::string& loss, const LossInput& in) {
  if (in.views == 2 || in.rows() < 2) check_someone_to_repel(loss, in, 3);
  if (in.views != 2)
    fail(ErrorKind::usage, "loss." + loss,
         fmt::format("{} view(s) of each subject, expected 2: an anchor is pulled to its subject's other view",
                     in.views),
         "Stack all of view 1, then all of view 2");
  Attraction p{Array::Zero(in.rows(), in.rows()), {}};
  for (Index i = 0; i < in.rows(); ++i) p.a(i, in.pair(i)) = 1 / static_cast<double>(in.rows());
  return p;
}

}  // namespace cg
