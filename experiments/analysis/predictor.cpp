#include "experiments/analysis/predictor.h"

#include "experiments/analysis/ridge.h"
#include "experiments/analysis/trained_predictor.h"

namespace cg {
namespace {

class Ridge final : public AgePredictor {
 public:
  explicit Ridge(RidgeModel model) : model_(std::move(model)) {}
  std::vector<double> predict(const FeatureRows& features) const override { return cg::predict(model_, features); }
  double alpha() const override { return model_.alpha; }

 private:
  RidgeModel model_;
};

}  // namespace

std::unique_ptr<AgePredictor> fit_predictor(const PredictorOptions& options, const FeatureRows& features,
                                            std::span<const double> ages) {
  if (options.kind == PredictorKind::ridge) return std::make_unique<Ridge>(search_ridge(features, ages).model);
  return fit_trained(options, features, ages);
}

}  // namespace cg
