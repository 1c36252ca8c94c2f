// SPDX-License-Identifier: Apache-2.0
#include "losses/similarity_loss.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "tensor/error.h"

namespace cg {

Eigen::Map<const Array> embeddings(const LossInput& in) {
  return {in.z.data(), in.rows(), static_cast<Index>(in.z.size()) / in.rows()};
}

void check_finite(const std::string& where, const char* what, const ArrayView& rows, Index epoch) {
  if (all_finite(rows)) return;
  for (Index i = 0; i < rows.rows(); ++i)
    if (!all_finite(rows.row(i)))
      fail(ErrorKind::numbers, where, fmt::format("the {} in row {} is not finite at epoch {}", what, i, epoch),
           "Lower train.learning_rate");
}

void check_input(const std::string& where, const LossInput& in) {
  const auto refuse = [&](std::string what, std::string fix) { fail(ErrorKind::usage, where, what, fix); };
  if (in.views < 1 || in.rows() < 1 || in.rows() % in.views != 0)
    refuse(fmt::format("{} ages do not divide into {} view(s)", in.rows(), in.views),
           "Give the rows of view 1, then those of view 2, with an age for each row");
  if (in.z.empty() || in.z.size() % in.ages.size() != 0)
    refuse(fmt::format("{} numbers in the embeddings do not divide into {} rows", in.z.size(), in.rows()),
           "Give one row of embeddings for each age");
  if (in.epoch < 1) refuse(fmt::format("epoch {}, expected 1 or more", in.epoch), "Count epochs from 1");
  const auto finite = [](double x) { return std::isfinite(x); };
  const auto age = std::find_if_not(in.ages.begin(), in.ages.end(), finite);
  if (age != in.ages.end())
    fail(ErrorKind::data, where,
         fmt::format("the age of row {} is {}, expected a finite number", age - in.ages.begin(), *age),
         "Correct the cohort's ages");
  check_finite(where, "embedding", embeddings(in), in.epoch);
}

void check_result(const std::string& where, const LossInput& in, const LossResult& result) {
  const auto z = embeddings(in);
  const Eigen::Map<const Array> gradient(result.gradient.data(), z.rows(), z.cols());
  if (std::isfinite(result.value) && all_finite(gradient)) return;
  fail(ErrorKind::numbers, where,
       fmt::format("the value is {} at epoch {}, and the largest number in the embeddings is {:.3g}", result.value,
                   in.epoch, z.abs().maxCoeff()),
       "Normalise the embeddings, or raise loss.temperature");
}

}  // namespace cg
