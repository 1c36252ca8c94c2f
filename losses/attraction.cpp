#include "losses/attraction.h"

#include <fmt/format.h>

#include "tensor/error.h"

namespace cg {

void check_someone_to_repel(const std::string& loss, const LossInput& in, Index needed, const std::string& remedy) {
  if (in.rows() >= needed) return;
  const Index subjects = (needed + in.views - 1) / in.views;
  fail(ErrorKind::usage, "loss." + loss, fmt::format("nobody to repel among {} row(s), {} needed", in.rows(), needed),
       fmt::format("Set train.batch_size to at least {}{}", subjects, remedy));
}

void check_two_views(const std::string& loss, const LossInput& in) {
  if (in.views == 2 && in.batch() >= 2) return;
  if (in.views == 2 || in.rows() < 2) check_someone_to_repel(loss, in, 3);
  fail(ErrorKind::usage, "loss." + loss,
       fmt::format("{} view(s) of each subject, 2 needed: an anchor is pulled to its subject's other view", in.views),
       "Stack all of view 1, then all of view 2");
}

}  // namespace cg
