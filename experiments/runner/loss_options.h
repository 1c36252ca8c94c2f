// The options of the losses, as section [loss] of a configuration.
#pragma once

#include <limits>
#include <string>

#include "tensor/fields.h"

namespace cg {

enum class Formulation { paper, reference };
enum class AgeKernel { rbf, gaussian, cauchy };
enum class Distance { manhattan, euclidean, chebyshev, cosine };
enum class DeltaReduction { sum, mean };

/// What a loss is computed with; the published settings are the defaults.
struct LossOptions {
  std::string name = "dynlocrep";
  Formulation formulation = Formulation::reference;
  AgeKernel kernel = AgeKernel::rbf;
  double sigma = 2;
  double temperature = 0.1;
  double base_temperature = 0.07;
  Distance distance = Distance::manhattan;
  Index final_neighbours = 14;
  Index step_size = 1;
  double far_decay = std::numeric_limits<double>::infinity();
  bool skip_short_batches = false;
  DeltaReduction delta_reduction = DeltaReduction::sum;
  double bin_width = 10;
  Index queue_size = 256;
};

inline Fields<LossOptions> loss_fields() {
  using O = LossOptions;
  return {
      field(
          "name", &O::name,
          one_of({"dynlocrep", "y_aware", "exponential", "threshold", "rank_n_contrast", "simclr", "nnclr", "sup_con"}),
          "The contrastive loss."),
      field("formulation", &O::formulation, {"paper", "reference"},
            "The printed formula, or what the published code computes (it made the published numbers)."),
      field("kernel", &O::kernel, {"rbf", "gaussian", "cauchy"}, "How two ages become a weight."),
      field("sigma", &O::sigma, {.least = 0, .most = 1e6, .open = true, .choices = {}},
            "Width of the age kernel, in years (cauchy: 1 / years²)."),
      field("temperature", &O::temperature, {.least = 0, .most = 1e6, .open = true, .choices = {}},
            "Similarities are divided by it."),
      field("base_temperature", &O::base_temperature, {.least = 0, .most = 1e6, .open = true, .choices = {}},
            "The reference formulations are multiplied by temperature / base_temperature."),
      field("distance", &O::distance, {"manhattan", "euclidean", "chebyshev", "cosine"},
            "What selects the nearest neighbours of an anchor (dynlocrep)."),
      field("final_neighbours", &O::final_neighbours, between(1, 1e6),
            "Subjects in an anchor's neighbourhood at the end of training, itself counted (dynlocrep)."),
      field("step_size", &O::step_size, between(1, 1e6),
            "Epochs between two steps of the shrinking neighbourhood (dynlocrep)."),
      field("far_decay", &O::far_decay, at_least(0),
            "Exponent with which repulsion falls off outside the neighbourhood; inf: none outside (dynlocrep)."),
      field("skip_short_batches", &O::skip_short_batches, any(),
            "Use the whole batch as neighbourhood where a batch has fewer than 32 subjects, as the published code does "
            "(dynlocrep)."),
      field("delta_reduction", &O::delta_reduction, {"sum", "mean"}, "How far pairs are counted (threshold)."),
      field("bin_width", &O::bin_width, {.least = 0, .most = 1000, .open = true, .choices = {}},
            "Width of the bins whose members share a label, in years (sup_con)."),
      field("queue_size", &O::queue_size, between(1, 1e6), "Embeddings kept from earlier batches (nnclr)."),
  };
}

}  // namespace cg
