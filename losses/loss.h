// SPDX-License-Identifier: Apache-2.0
// The interface of every loss: embeddings and ages in, value and gradient out, in double on the host. A loss is a pure
// function: no random numbers, no state, no knowledge of the network. dynlocrep.h is a loss on one page;
// similarity_loss.h is what the losses share. Read next: age_kernels.h, neighbours.h (what the options mean);
// docs/losses.md (why there are two formulations).
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "losses/age_kernels.h"
#include "losses/neighbours.h"
#include "tensor/own_options.h"

namespace cg {

enum class Formulation {
  printed,    ///< the formula in the paper
  published,  ///< what the published code computes; it made the published numbers
};

/// The options that several losses read. A loss reads those it needs.
struct SharedLossOptions {
  Formulation formulation = Formulation::published;
  AgeKernel kernel = AgeKernel::rbf;
  double sigma = 2;                        ///< years for rbf and gaussian, 1/years² for cauchy
  std::optional<double> temperature = {};  ///< τ; no value: the published one of the loss, see temperature_of
  double base_temperature = 0.07;
  Distance distance = Distance::manhattan;  ///< between embeddings; an explanation orders its tables by it

  bool published() const { return formulation == Formulation::published; }
};

/// τ of most published losses. A loss with another one has the constant `published_temperature`.
constexpr double usual_temperature = 0.1;

template <class L>
constexpr double published_temperature() {
  if constexpr (requires { L::published_temperature; })
    return L::published_temperature;
  else
    return usual_temperature;
}

/// τ of a loss: that of its options, or the published one.
template <class L>
double temperature_of(const L& loss) {
  return loss.shared.temperature.value_or(published_temperature<L>());
}

/// The options of a configuration's [loss]: which loss, and the options of all. Their keys are in registry.cpp.
struct LossOptions {
  std::string name = "dynlocrep";
  SharedLossOptions shared = {};
  OwnOptions own = {};  ///< own.of<Threshold>().delta_reduction
};

/// What a configuration says of the training that its loss is for.
struct LossSchedule {
  Index batch_size = 32;  ///< subjects
  Index epochs = 50;
};

/// Options of a loss that do not fit each other or the training.
struct LossConflict {
  std::vector<std::string> keys;  ///< of the configuration, the loss's first
  std::string text;               ///< what was found and what was expected
};

/// What a loss is evaluated for. n = views × batch rows: all of view 1, then all of view 2.
struct LossInput {
  std::span<const double> z;     ///< embeddings [n, d], row-major
  std::span<const double> ages;  ///< [n], years
  Index views = 2;
  Index epoch = 1;  ///< counted from 1
  Index max_epochs = 50;
  Index neighbours = 0;  ///< rows, the anchor counted among them, instead of Algorithm 1's; 0: by Algorithm 1
  std::span<const double> predictions = {};  ///< nnclr: [n, d], made from z; the gradient is theirs
  std::span<const double> queue = {};        ///< nnclr: [q, d] earlier embeddings
  bool training = false;                     ///< a step will follow: weights no step can follow are refused

  Index rows() const { return static_cast<Index>(ages.size()); }
  Index batch() const { return rows() / views; }
  /// The row of i's subject in the other one of two views.
  Index pair(Index i) const { return (i + batch()) % rows(); }
};

/// What a loss noticed while it chose its pairs.
struct LossMetrics {
  Index anchors_without_weight = 0;  ///< no other row is near their age: they add 0
  Index neighbours = 0;              ///< rows that an anchor repels, itself counted; 0: the loss does not select
};

struct LossResult {
  double value = 0;
  std::vector<double> rows;      ///< [n]: what each anchor adds to the value
  std::vector<double> gradient;  ///< [n, d]: dL/dz, or dL/d predictions of a loss that takes some
  LossMetrics metrics;
};

struct Explanation;  // losses/explanation.h

class Loss {
 public:
  virtual ~Loss() = default;
  /// Value, its parts by anchor, and dL/dz. Fails on input that is not finite or leaves nothing to compare.
  virtual LossResult evaluate(const LossInput& in) const = 0;
  /// The same taken apart: which rows pull and push which others, and by how much. Fails as `evaluate`. For small
  /// batches.
  virtual Explanation explain(const LossInput& in) const = 0;
  /// Rows of the queue of earlier embeddings that the loss wants, and predictions with it. 0: it takes neither.
  virtual Index queue_size() const { return 0; }
};

}  // namespace cg
