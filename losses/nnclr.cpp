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

LossResult NnclrLoss::evaluate(const LossInput& in) const {
  const std::string where = std::string("loss.") + Nnclr::name;
  check_input(where, in);
  const auto z = embeddings(in);
  if (in.predictions.size() != in.z.size())
    fail(ErrorKind::usage, where,
         fmt::format("{} numbers in the predictions, {} in the embeddings", in.predictions.size(), in.z.size()),
         "Give one prediction for each embedding");
  if (in.queue.empty() || in.queue.size() % static_cast<std::size_t>(z.cols()) != 0)
    fail(ErrorKind::usage, where, fmt::format("{} numbers in the queue of rows of {}", in.queue.size(), z.cols()),
         "Set loss.queue_size to at least 1, and give rows of the embeddings' width");
  const Eigen::Map<const Array> p(in.predictions.data(), z.rows(), z.cols());
  const Eigen::Map<const Array> queue(in.queue.data(), static_cast<Index>(in.queue.size()) / z.cols(), z.cols());
  check_finite(where, "prediction", p, in.epoch);
  check_finite(where, "queue's entry", queue, in.epoch);
  return evaluate_rows(loss_, ToConstantRows{nearest_rows(z, queue), loss_.options.temperature}, p, in);
}

}  // namespace cg
