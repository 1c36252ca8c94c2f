// SPDX-License-Identifier: Apache-2.0
#include "losses/nnclr.h"

#include <fmt/format.h>

#include <algorithm>

#include "tensor/error.h"

namespace cg {

Array nearest_rows(const ArrayView& z, const ArrayView& queue) {
  Array closeness(z.rows(), queue.rows()), nearest(z.rows(), z.cols());
  closeness.matrix().noalias() = z.matrix() * queue.matrix().transpose();
  for (Index i = 0; i < z.rows(); ++i) {
    const double* row = &closeness(i, 0);
    nearest.row(i) = queue.row(std::max_element(row, row + queue.rows()) - row);
  }
  return nearest;
}

Eigen::Map<const Array> Nnclr::variable(const LossInput& in) const {
  return {in.predictions.data(), in.rows(), static_cast<Index>(in.predictions.size()) / in.rows()};
}

ToConstantRows Nnclr::similarity(const LossInput& in) const {
  const std::string where = std::string("loss.") + name;
  const auto z = embeddings(in);
  if (in.predictions.size() != in.z.size())
    fail(ErrorKind::usage, where,
         fmt::format("the predictions have {} numbers, but the embeddings have {}", in.predictions.size(), in.z.size()),
         "Give one prediction for each embedding");
  if (in.queue.empty() || in.queue.size() % static_cast<std::size_t>(z.cols()) != 0)
    fail(ErrorKind::usage, where,
         fmt::format("the queue has {} numbers, expected rows of {} numbers, the length of an embedding",
                     in.queue.size(), z.cols()),
         "Set loss.queue_size to at least 1, and give each row of the queue the length of an embedding");
  const Eigen::Map<const Array> queue(in.queue.data(), static_cast<Index>(in.queue.size()) / z.cols(), z.cols());
  check_finite(where, "prediction", variable(in), in.epoch);
  check_finite(where, "queue's entry", queue, in.epoch);
  return {nearest_rows(z, queue), temperature_of(*this)};
}

}  // namespace cg
