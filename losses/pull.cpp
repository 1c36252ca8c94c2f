#include "losses/pull.h"

#include <fmt/format.h>

#include "tensor/error.h"

namespace cg {

Pull pull(const LossInput& in, const LossOptions& options, Normaliser normaliser, double factor) {
  Pull p;
  p.w = age_weights(options.kernel, options.sigma, in.ages);
  p.a = p.w;
  p.a.matrix().diagonal().setZero();
  const double together = p.a.sum();
  for (Index i = 0; i < in.rows(); ++i) {
    const double anchor = p.a.row(i).sum();
    if (anchor == 0)
      ++p.metrics.anchors_without_weight;
    else  // divided first: the inverse of a sum that has nearly underflowed is infinite
      p.a.row(i) = p.a.row(i) / (normaliser == Normaliser::anchor ? anchor : together) * factor;
  }
  return p;
}

void check_someone_to_repel(const std::string& loss, const LossInput& in, Formulation formulation) {
  const bool paper = formulation == Formulation::paper;
  const Index needed = paper ? 3 : 2;
  if (in.rows() >= needed) return;
  fail(ErrorKind::usage, "loss." + loss,
       fmt::format("nobody to repel among {} row(s): the {} formulation needs {}", in.rows(),
                   paper ? "paper" : "reference", needed),
       fmt::format("Set train.batch_size to at least {}{}", needed, paper ? ", or loss.formulation to reference" : ""));
}

}  // namespace cg
