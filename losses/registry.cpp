#include "losses/registry.h"

#include "losses/dynlocrep.h"
#include "losses/exponential.h"
#include "losses/nnclr.h"
#include "losses/rank_n_contrast.h"
#include "losses/simclr.h"
#include "losses/sup_con.h"
#include "losses/threshold.h"
#include "losses/y_aware.h"
#include "tensor/error.h"

namespace cg {
namespace {

struct Entry {
  std::string name;
  std::unique_ptr<Loss> (*make)(const LossOptions&);
};

/// A loss over the similarities M of the embeddings.
template <RowLoss L, Similarity M = InnerProduct>
Entry entry() {
  return {L::name, [](const LossOptions& options) -> std::unique_ptr<Loss> {
            return std::make_unique<SimilarityLoss<L, M>>(L{options}, M{options.temperature});
          }};
}

/// The loss between a queue of earlier embeddings and predictions.
Entry nnclr() {
  return {Nnclr::name, [](const LossOptions& options) -> std::unique_ptr<Loss> {
            return std::make_unique<NnclrLoss>(Nnclr{options});
          }};
}

const std::vector<Entry>& entries() {
  static const std::vector<Entry> all{
      entry<DynLocRep>(),
      entry<Exponential>(),
      nnclr(),
      entry<RankNContrast, NegativeDistance>(),
      entry<SimClr>(),
      entry<SupCon>(),
      entry<Threshold>(),
      entry<YAware>(),
  };
  return all;
}

}  // namespace

std::unique_ptr<Loss> make_loss(const LossOptions& options) {
  for (const Entry& e : entries())
    if (e.name == options.name) return e.make(options);
  std::string choices;
  for (const Entry& e : entries()) choices += (choices.empty() ? "" : ", ") + e.name;
  fail(ErrorKind::usage, "loss.name", "there is no loss \"" + options.name + "\"", "Choose one of " + choices);
}

double published_temperature(const std::string& loss) {
  return loss == RankNContrast::name ? 2 : LossOptions{}.temperature;
}

std::vector<std::string> loss_names() {
  std::vector<std::string> names;
  for (const Entry& e : entries()) names.push_back(e.name);
  return names;
}

const Fields<LossOptions>& loss_fields() {
  using O = LossOptions;
  static const Fields<O> fields{
      field("name", &O::name, one_of(loss_names()), "The contrastive loss to train with."),
      field("formulation", &O::formulation, {"printed", "published"},
            "The formula as printed in the paper, or what the published code computes (it made the published numbers).",
            {{"paper", "printed"}, {"reference", "published"}}),
      field("kernel", &O::kernel, {"rbf", "gaussian", "cauchy"}, "How an age difference becomes a weight."),
      field("sigma", &O::sigma, above(0), "Width of the kernel: years for rbf and gaussian, 1/years² for cauchy."),
      field(
          "temperature", &O::temperature, above(0),
          "Similarities are inner products divided by this, or distances (rank_n_contrast, where it is 2 unless set)."),
      field("base_temperature", &O::base_temperature, above(0),
            "The published formulation multiplies the loss by temperature / base_temperature."),
      field("distance", &O::distance, {"manhattan", "euclidean", "chebyshev", "cosine"},
            "dynlocrep: the distance between embeddings that tells near rows from far ones."),
      field("final_neighbours", &O::final_neighbours, at_least(1),
            "dynlocrep: subjects that an anchor repels in the end, itself counted; at the start it is the batch."),
      field("step_size", &O::step_size, at_least(1),
            "dynlocrep: epochs between two steps of the number of neighbours."),
      field("far_decay", &O::far_decay, at_least(0),
            "dynlocrep: exponent lambda of the weight of those who are no neighbours; inf leaves them out, 0 takes "
            "them like neighbours."),
      field("short_batch", &O::short_batch, {"localise", "whole"},
            "dynlocrep: a batch of fewer than 32 subjects repels its neighbours by Algorithm 1 for its own size, or "
            "everybody as in the published code."),
      field("delta_reduction", &O::delta_reduction, {"sum", "mean"},
            "threshold, published: whether c_it counts the comparisons or is their share of the rows; a constant in "
            "the value, nothing in the gradient."),
      field("bin_width", &O::bin_width, at_least(0),
            "sup_con: width in years of the bins that count as one age; 0: only equal ages are."),
      field("queue_size", &O::queue_size, between(1, 1e6),
            "nnclr: earlier embeddings among which an anchor's nearest neighbour is looked for."),
  };
  return fields;
}

}  // namespace cg
