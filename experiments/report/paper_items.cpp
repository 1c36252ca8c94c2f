// SPDX-License-Identifier: Apache-2.0
#include "experiments/report/paper_items.h"

#include <algorithm>

namespace cg {
namespace {

constexpr const char* lower_is_better = "The dots are farther to the left, and near each other.";
constexpr const char* seeds_decide =
    "The dots of a row are far apart: then the seed decides more than the row, and the mean says little.";

}  // namespace

const std::vector<PaperStudy>& paper_studies() {
  static const std::vector<PaperStudy> all = {
      {"table3", "Table 3", "Contrastive losses", lower_is_better,
       "A row is as far to the right as the error of predicting the mean age: then its features contain nothing about "
       "age.",
       "Choose the loss whose interval of differences does not include 0. If all include 0, train more seeds: "
       "study.seeds=[0,…,9]."},
      {"fig4a_distances", "Figure 4a", "Distances that choose neighbours", lower_is_better, seeds_decide,
       "If no interval excludes 0, as in the paper, keep manhattan: the choice of the distance does not matter."},
      {"fig4b_predictors", "Figure 4b", "Predictors of age on frozen features", lower_is_better,
       "L1, Huber or DEX are far from ridge regression: compare the penalties in results.csv.",
       "Keep ridge regression unless another predictor's interval is below 0."},
      {"fig4c_augmentations", "Figure 4c", "Augmentations of training volumes", lower_is_better,
       "An augmentation is to the right of none: it removes what the features need. Rotation did so in the paper.",
       "Add the augmentations whose interval is below 0: data.augment.apply=[\"cutout\"]."},
      {"fig4d_projection", "Figure 4d", "Features after and before the projection head", lower_is_better, seeds_decide,
       "Set evaluation.features to the better place. Both are stored, so that no training is repeated."},
      {"fig5_umap", "Figure 5", "Embeddings over the epochs", lower_is_better, seeds_decide,
       "Compare with the maps of the embeddings below."},
      {"fig6_far_decay", "Figure 6", "Repulsion of samples that are not neighbours", lower_is_better, seeds_decide,
       "If an intermediate λ is better, set loss.far_decay; otherwise keep inf, which drops these samples."},
      {"random_search", "Random search", "Final neighbours and step", "A draw has a low validation error.",
       "All draws have the same error: the range, or the validation part, is too small to choose from.",
       "Use the draw that the validation part chooses, not that with the lowest test error."},
  };
  return all;
}

const PaperStudy* paper_study(const std::string& name) {
  const auto found = std::ranges::find(paper_studies(), name, &PaperStudy::study);
  return found == paper_studies().end() ? nullptr : &*found;
}

std::string loss_group(const std::string& loss) {
  return loss == "simclr" || loss == "nnclr" ? "Contrastive classification losses" : "Contrastive regression losses";
}

std::string loss_source(const std::string& loss) {
  if (loss == "simclr") return "Chen et al., 2020";
  if (loss == "nnclr") return "Dwibedi et al., 2021";
  if (loss == "rank_n_contrast") return "Zha et al., 2024";
  if (loss == "y_aware") return "Dufumier et al., 2021";
  if (loss == "threshold" || loss == "exponential") return "Barbano et al., 2023";
  return "";
}

}  // namespace cg
