// SPDX-License-Identifier: Apache-2.0
#include "losses/pull.h"

namespace cg {

Pull pull(const LossInput& in, const SharedLossOptions& options, double temperature, Normaliser normaliser,
          WeightPrecision precision) {
  const bool by_anchor = normaliser == Normaliser::anchor;
  const double mean = by_anchor ? 1 / static_cast<double>(in.rows()) : 1;
  const double factor = options.published() ? temperature / options.base_temperature * mean : 1;
  Pull p;
  p.w = age_weights(options.kernel, options.sigma, in.ages, precision);
  p.a = p.w;
  p.a.matrix().diagonal().setZero();
  const double together = p.a.sum();
  for (Index i = 0; i < in.rows(); ++i) {
    const double anchor = p.a.row(i).sum();
    if (anchor == 0)
      ++p.metrics.anchors_without_weight;
    else  // divided first: the inverse of a sum that has nearly underflowed is infinite
      p.a.row(i) = p.a.row(i) / (by_anchor ? anchor : together) * factor;
  }
  return p;
}

void check_someone_besides_k(const std::string& loss, const LossInput& in, const SharedLossOptions& options) {
  if (options.published())
    check_someone_to_repel(loss, in, 2);
  else
    check_someone_to_repel(loss, in, 3, ", or loss.formulation to published");
}

}  // namespace cg
