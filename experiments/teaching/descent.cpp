// SPDX-License-Identifier: Apache-2.0
#include "experiments/teaching/descent.h"

#include <cassert>

#include "experiments/teaching/loss_example.h"
#include "losses/registry.h"
#include "losses/similarity_loss.h"

namespace cg {
namespace {

constexpr double first_step = 0.02, longest_step = 0.1;
constexpr Index steps_an_epoch = 6;

/// The force on every embedding, along the sphere.
Array force_on(const Loss& loss, const LossCase& c) {
  const LossResult result = loss.evaluate(c.input());
  const auto z = embeddings(c.input());
  return tangential(-Eigen::Map<const Array>(result.gradient.data(), z.rows(), z.cols()), z);
}

Eigen::ArrayXd lengths(const Array& rows) { return rows.square().rowwise().sum().sqrt(); }

void take_step(LossCase& c, const Array& force, double rate) {
  const Index width = force.cols();
  Eigen::Map<Array> z(c.z.data(), force.rows(), width);
  const Eigen::ArrayXd far = rate * lengths(force);
  const Eigen::ArrayXd shortened = (far > longest_step).select(longest_step / far, 1.0);
  z += (rate * force).colwise() * shortened;
  normalise_rows(c.z, width);
  c.predictions = c.z;
  const auto first_view = static_cast<Index>(c.z.size()) / c.views;
  c.queue.insert(c.queue.end(), c.z.begin(), c.z.begin() + first_view);
  c.queue.erase(c.queue.begin(), c.queue.begin() + first_view);
}

}  // namespace

Array tangential(const Array& force, const ArrayView& z) {
  const Eigen::ArrayXd along = (force * z).rowwise().sum();
  return force - z.colwise() * along;
}

std::vector<LossCase> descend(const LossCase& start, std::span<const Index> epochs) {
  assert(!epochs.empty());
  const auto loss = make_loss(start.options);
  std::vector<LossCase> frames;
  LossCase now = start;
  now.epoch = epochs.front();
  const double mean = lengths(force_on(*loss, now)).mean();
  const double rate = mean > 0 ? first_step / mean : 0;
  for (; now.epoch <= epochs.back(); ++now.epoch) {
    if (now.epoch == epochs[frames.size()]) frames.push_back(now);
    for (Index step = 0; step < steps_an_epoch && now.epoch < epochs.back(); ++step)
      take_step(now, force_on(*loss, now), rate);
  }
  return frames;
}

}  // namespace cg
