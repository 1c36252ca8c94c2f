// SPDX-License-Identifier: Apache-2.0
#include "experiments/teaching/loss_example.h"

#include <fmt/format.h>

#include <cmath>

#include "tensor/error.h"
#include "tensor/random.h"

namespace cg {
namespace {

constexpr double between_views = 0.2;  // standard deviation, in each direction, of a further view from the first
constexpr Index queue_rows = 8;

std::vector<double> random_rows(Index rows, Index width, std::uint64_t seed) {
  Random random({.seed = seed, .use = Use::queue});
  std::vector<double> out(static_cast<std::size_t>(rows * width));
  for (double& x : out) x = random.normal();
  normalise_rows(out, width);
  return out;
}

/// What only nnclr reads, where it is missing.
void complete(LossCase& example, Index width, std::uint64_t seed) {
  if (example.predictions.empty()) example.predictions = example.z;
  if (example.queue.empty()) example.queue = random_rows(queue_rows, width, seed);
}

}  // namespace

void normalise_rows(std::span<double> z, Index width) {
  const auto d = static_cast<std::size_t>(width);
  for (std::size_t row = 0; row < z.size(); row += d) {
    double squares = 0;
    for (std::size_t k = row; k < row + d; ++k) squares += z[k] * z[k];
    for (std::size_t k = row; k < row + d; ++k) z[k] /= std::sqrt(squares);
  }
}

LossCase make_example(const LossOptions& options, std::span<const double> subject_ages,
                      const Arrangement& arrangement) {
  const auto [views, width, spread, seed] = arrangement;
  LossCase example;
  example.options = options;
  example.views = views;
  const std::size_t batch = subject_ages.size(), d = static_cast<std::size_t>(width);
  Random random({.seed = seed});
  const auto first_view = [&](std::size_t k) {
    const double direction = random.normal();
    return std::isinf(spread) ? direction : (k % d == 0 ? 1 : 0) + spread * direction;
  };
  for (Index view = 0; view < views; ++view) {
    example.ages.insert(example.ages.end(), subject_ages.begin(), subject_ages.end());
    for (std::size_t k = 0; k < batch * d; ++k)
      example.z.push_back(view == 0 ? first_view(k) : example.z[k] + between_views * random.normal());
    if (view == 0) normalise_rows(example.z, width);
  }
  normalise_rows(example.z, width);
  complete(example, width, seed);
  return example;
}

LossCase read_example(const LossOptions& options, const std::string& path, const std::string& dataset,
                      std::span<const double> ages, Index views, Index rows) {
  const H5Reader file(path);
  const std::string where = path + ": " + dataset;
  const Shape shape = file.shape(dataset);
  if (shape.size() != 2 || shape[0] < 1 || shape[1] < 1)
    fail(ErrorKind::data, where, "no matrix of embeddings was found", "Give a dataset [n, d] with --dataset");
  LossCase example;
  example.options = options;
  example.views = views;
  example.z = file.numbers(dataset);
  example.ages.assign(ages.begin(), ages.end());
  for (const char* name : {"ages", "age"})
    if (example.ages.empty() && file.has(name)) example.ages = file.numbers(name);
  if (static_cast<Index>(example.ages.size()) * views == shape[0])  // one for each subject: the views follow each other
    for (Index view = 1; view < views; ++view)
      example.ages.insert(example.ages.end(), example.ages.begin(), example.ages.begin() + shape[0] / views);
  if (static_cast<Index>(example.ages.size()) != shape[0])
    fail(ErrorKind::data, where, fmt::format("{} ages do not fit {} rows of embeddings", example.ages.size(), shape[0]),
         "Give one age for each row, or for each subject with --views");
  if (file.has("predictions")) example.predictions = file.numbers("predictions");
  if (file.has("queue")) example.queue = file.numbers("queue");
  if (rows > 0 && rows < shape[0]) {
    example.ages.resize(static_cast<std::size_t>(rows));
    example.z.resize(static_cast<std::size_t>(rows * shape[1]));
    if (!example.predictions.empty()) example.predictions.resize(example.z.size());
  }
  complete(example, shape[1], 0);
  return example;
}

}  // namespace cg
