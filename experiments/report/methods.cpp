// SPDX-License-Identifier: Apache-2.0
#include "experiments/report/methods.h"

#include <fmt/format.h>

#include <algorithm>

#include "data/augment/augmentations.h"
#include "experiments/report/numbers.h"
#include "experiments/report/paper_items.h"
#include "experiments/report/umap.h"
#include "losses/dynlocrep.h"
#include "losses/registry.h"

namespace cg {
namespace {

constexpr struct {
  const char *cited, *text;
} known[] = {
    {"Barbano et al., 2023",
     "C. A. Barbano, B. Dufumier, E. Duchesnay, M. Grangetto, P. Gori. Contrastive learning for regression in "
     "multi-site brain age prediction. IEEE International Symposium on Biomedical Imaging (ISBI), 2023."},
    {"Chen et al., 2020",
     "T. Chen, S. Kornblith, M. Norouzi, G. Hinton. A simple framework for contrastive learning of visual "
     "representations. International Conference on Machine Learning, 2020."},
    {"Dufumier et al., 2021",
     "B. Dufumier, P. Gori, J. Victor, et al. Contrastive learning with continuous proxy meta-data for 3D MRI "
     "classification. MICCAI, 2021."},
    {"Dwibedi et al., 2021",
     "D. Dwibedi, Y. Aytar, J. Tompson, P. Sermanet, A. Zisserman. With a little help from my friends: "
     "nearest-neighbor contrastive learning of visual representations. ICCV, 2021."},
    {"Efron & Tibshirani, 1993", "B. Efron, R. J. Tibshirani. An introduction to the bootstrap. Chapman & Hall, 1993."},
    {"He et al., 2016", "K. He, X. Zhang, S. Ren, J. Sun. Deep residual learning for image recognition. CVPR, 2016."},
    {"Hoerl & Kennard, 1970",
     "A. E. Hoerl, R. W. Kennard. Ridge regression: biased estimation for nonorthogonal problems. Technometrics 12, "
     "1970."},
    {"Holm, 1979",
     "S. Holm. A simple sequentially rejective multiple test procedure. Scandinavian Journal of Statistics 6, 1979."},
    {"Kingma & Ba, 2015", "D. P. Kingma, J. Ba. Adam: a method for stochastic optimization. ICLR, 2015."},
    {"McInnes et al., 2018",
     "L. McInnes, J. Healy, J. Melville. UMAP: uniform manifold approximation and projection for dimension reduction. "
     "arXiv:1802.03426, 2018."},
    {"Nadeau & Bengio, 2003",
     "C. Nadeau, Y. Bengio. Inference for the generalization error. Machine Learning 52, 2003."},
    {"Zha et al., 2024",
     "K. Zha, P. Cao, J. Son, Y. Yang, D. Katabi. Rank-N-Contrast: learning continuous representations for "
     "regression. Advances in Neural Information Processing Systems 36, 2024."},
};

std::string seeds_text(const Study& study) {
  return study.options.seeds.size() == 1 ? "one random seed"
                                         : fmt::format("{} random seeds", study.options.seeds.size());
}

std::string data_text(const MethodsInput& in) {
  const Config& c = in.config;
  const TrainingRecord& r = in.record;
  std::string out = fmt::format("The cohort {} has {} {}", r.cohort, r.subjects,
                                r.synthetic ? "synthetic volumes (a computed phantom, no subjects)" : "maps");
  if (in.study.options.protocol == Protocol::published) {
    out += fmt::format("; {} were used for training{} and {} for testing", r.train,
                       r.validation > 0 ? fmt::format(", {} for validation", r.validation) : "", r.test);
    if (c.data.split == SplitBy::rows || c.data.split == SplitBy::persons)
      out += fmt::format(" (fold {} of {}, split seed {})", c.data.fold, c.data.folds, c.data.split_seed);
  }
  out += ". Intensities were normalised to mean 0 and standard deviation 1 over the non-zero voxels of ";
  out += c.data.normalise == NormaliseScope::train ? "the training part."
         : c.data.normalise == NormaliseScope::all ? "all maps."
                                                   : "each map.";
  const std::string augmentations = to_string(c.data.augment);
  out += augmentations.empty() ? " No augmentation was applied."
                               : fmt::format(" Training volumes were augmented: {}.", augmentations);
  return out;
}

std::string network_text(const MethodsInput& in) {
  const Config& c = in.config;
  std::string out =
      fmt::format("The encoder is a 3D ResNet-18 (He et al., 2016) with {} channels in the stem", c.model.width);
  out += c.model.projection ? fmt::format(" and a projection head with {} outputs", c.model.embedding)
                            : " without a projection head";
  out += c.pretrained.weights.empty() ? ", trained from random initial weights" : ", starting from pre-trained weights";
  out += fmt::format(
      ". It was trained for {} epochs in batches of {} subjects with Adam (Kingma & Ba, 2015), learning "
      "rate {:g}, multiplied by {:g} every {} epochs, weight decay {:g}, in {}.",
      c.train.epochs, c.train.batch_size, c.train.learning_rate, c.train.decay_factor, c.train.decay_every,
      c.train.weight_decay, in.record.precision);
  return out;
}

/// The other losses of the study, each once.
std::string compared_text(const MethodsInput& in) {
  std::vector<std::string> others;
  for (const StudyRow& row : in.study.rows) {
    const std::string& name = row.config.loss.name;
    const std::string source = loss_source(name);
    const std::string text = loss_info(name).title + (source.empty() ? "" : " (" + source + ")");
    if (name != in.config.loss.name && std::ranges::find(others, text) == others.end()) others.push_back(text);
  }
  return others.empty() ? "" : " It was compared with " + joined(others, ", ") + ".";
}

/// Only if maps of embeddings after several epochs were stored.
std::string map_text(const MethodsInput& in) {
  const bool several = std::ranges::any_of(in.config.evaluation.embeddings_at,
                                           [&](Index epoch) { return epoch < in.config.train.epochs; });
  if (!several) return "";
  return has_umap()
             ? " Embeddings were mapped to the plane by UMAP (McInnes et al., 2018) and by principal components, "
               "fitted on all epochs together."
             : " Embeddings were mapped to the plane by principal components, fitted on all epochs together.";
}

std::string loss_text(const MethodsInput& in) {
  const Config& c = in.config;
  const LossInfo info = loss_info(c.loss.name);
  const std::string source = loss_source(c.loss.name);
  std::string out =
      fmt::format("The loss is {}{}, temperature {:g}", info.title, source.empty() ? "" : " (" + source + ")",
                  c.loss.shared.temperature.value_or(info.temperature));
  if (info.weighs) out += fmt::format(", with a kernel of the age difference of width {:g}", c.loss.shared.sigma);
  if (info.selects) {
    const auto& own = c.loss.own.of<DynLocRep>();
    out += own.step_size > 0
               ? fmt::format("; the number of repelled neighbours falls every {} epoch{} from the batch size to {}",
                             own.step_size, own.step_size == 1 ? "" : "s", own.final_neighbours)
               : "; with step 0, so that all other samples repel, as in the exponential loss (Barbano et al., 2023)";
  }
  return out + "." + compared_text(in);
}

std::string evaluation_text(const MethodsInput& in) {
  const Config& c = in.config;
  const std::string& name = c.evaluation.predictor.name;
  std::string out = "After training, the encoder was frozen, and ";
  out += name == "ridge" ? "ridge regression (Hoerl & Kennard, 1970)" : "a linear predictor (" + name + ")";
  out += fmt::format(
      " of age was fitted on the features {} the projection head of the training part. The mean absolute "
      "error (MAE) of the test part is given {} {}.",
      c.evaluation.features == Features::projected ? "after" : "before",
      in.study.options.seeds.size() > 1 ? "as mean ± standard deviation over" : "for", seeds_text(in.study));
  switch (in.study.options.protocol) {
    case Protocol::published:
      out += " All seeds have the same division of subjects.";
      break;
    case Protocol::k_fold:
      out += fmt::format(" For each seed the subjects were divided again into {} folds, and each fold was tested once.",
                         c.data.folds);
      break;
    case Protocol::repeated:
      out += " Each seed has its own random division of subjects.";
      break;
    case Protocol::leave_one_study_out:
      out += " Each study of the cohort was the test part once per seed, and the others the training part.";
      break;
  }
  if (in.study.rows.size() > 1)
    out +=
        " Differences to the reference were computed on the same subjects and seeds; their 95 % intervals are "
        "percentiles of 10,000 bootstrap samples of subjects and seeds (Efron & Tibshirani, 1993), and p values were "
        "corrected by Holm's method (Holm, 1979).";
  if (in.study.rows.size() > 1 && is_resampled(in.study.options.protocol))
    out +=
        " Conclusions were drawn from intervals whose variance is corrected for divisions that share subjects (Nadeau "
        "& "
        "Bengio, 2003).";
  return out + map_text(in);
}

}  // namespace

Methods methods(const MethodsInput& in) {
  Methods out;
  out.paragraphs = {data_text(in), network_text(in), loss_text(in), evaluation_text(in)};
  out.paragraphs.push_back(
      fmt::format("Computed with Cortexgrad {} (commit {}{}) on {}.",
                  in.record.environment.contains("version") ? in.record.environment.at("version") : "",
                  in.record.commit.substr(0, 12), in.record.sources == "changed" ? ", with changed sources" : "",
                  in.record.device));
  for (const auto& [cited, text] : known)
    for (const std::string& paragraph : out.paragraphs)
      if (paragraph.find(cited) != std::string::npos) {
        out.references.push_back(text);
        break;
      }
  return out;
}

}  // namespace cg
