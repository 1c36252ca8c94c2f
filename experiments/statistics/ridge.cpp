// SPDX-License-Identifier: Apache-2.0
#include "experiments/statistics/ridge.h"

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <algorithm>

#include "experiments/statistics/metrics.h"

namespace cg {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;
using Rows = Eigen::Map<const Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>>;
using Ages = Eigen::Map<const VectorXd>;

constexpr Index folds = 5;

Rows rows(const FeatureRows& f) { return {f.values.data(), f.rows, f.columns}; }
Ages vector(std::span<const double> v) { return {v.data(), static_cast<Index>(v.size())}; }

/// The fits of one training set for any alpha > 0, by Cholesky factors of the smaller Gram matrix of the centred
/// features X: with p ≤ n, w = (XᵀX + alpha I)⁻¹ Xᵀy, else the same from n equations, w = Xᵀ (XXᵀ + alpha I)⁻¹ y.
class RidgePath {
 public:
  RidgePath(const MatrixXd& x, const VectorXd& y)
      : means_(x.colwise().mean()), mean_age_(y.mean()), centred_(x.rowwise() - means_.transpose()) {
    wide_ = x.cols() > x.rows();
    const VectorXd age = y.array() - mean_age_;
    if (wide_) {
      gram_ = centred_ * centred_.transpose();
      right_ = age;
    } else {
      gram_ = centred_.transpose() * centred_;
      right_ = centred_.transpose() * age;
    }
  }

  RidgeModel fit(double alpha) const {
    MatrixXd penalised = gram_;
    penalised.diagonal().array() += alpha;
    const VectorXd solved = penalised.llt().solve(right_);
    const VectorXd w = wide_ ? VectorXd(centred_.transpose() * solved) : solved;
    return {.alpha = alpha, .intercept = mean_age_ - means_.dot(w), .weights = {w.data(), w.data() + w.size()}};
  }

 private:
  VectorXd means_;  // of the features, [p]
  double mean_age_;
  MatrixXd centred_;  // [n, p]
  bool wide_;         // more features than rows
  MatrixXd gram_;
  VectorXd right_;  // right-hand side
};

std::vector<double> predict_rows(const RidgeModel& model, const Eigen::Ref<const MatrixXd>& x) {
  const VectorXd out = (x * vector(model.weights)).array() + model.intercept;
  return {out.data(), out.data() + out.size()};
}

}  // namespace

RidgeModel fit_ridge(const FeatureRows& features, std::span<const double> ages, double alpha) {
  check_features("ridge", features, ages, 2);
  return RidgePath(rows(features), vector(ages)).fit(alpha);
}

RidgeSearch search_ridge(const FeatureRows& features, std::span<const double> ages) {
  check_features("ridge", features, ages, 2 * folds);
  const MatrixXd x = rows(features);
  const VectorXd y = vector(ages);
  RidgeSearch out{.model = {}, .alphas = {0.01, 0.1, 1, 10, 100}, .mean_r2 = std::vector<double>(5, 0.0)};
  Index start = 0;
  for (Index fold = 0; fold < folds; ++fold) {
    const Index size = x.rows() / folds + (fold < x.rows() % folds ? 1 : 0), after = x.rows() - start - size;
    MatrixXd train(x.rows() - size, x.cols());
    VectorXd train_ages(x.rows() - size);
    train << x.topRows(start), x.bottomRows(after);
    train_ages << y.head(start), y.tail(after);
    const RidgePath path(train, train_ages);
    for (std::size_t a = 0; a < out.alphas.size(); ++a) {
      const auto predicted = predict_rows(path.fit(out.alphas[a]), x.middleRows(start, size));
      const auto truth = ages.subspan(static_cast<std::size_t>(start), static_cast<std::size_t>(size));
      out.mean_r2[a] += r_squared(truth, predicted) / folds;
    }
    start += size;
  }
  const auto best = std::max_element(out.mean_r2.begin(), out.mean_r2.end()) - out.mean_r2.begin();
  out.model = RidgePath(x, y).fit(out.alphas[static_cast<std::size_t>(best)]);
  return out;
}

std::vector<double> predict(const RidgeModel& model, const FeatureRows& features) {
  check_columns("ridge", features, static_cast<Index>(model.weights.size()));
  return predict_rows(model, rows(features));
}

AgePredictor RidgePredictor::fit(const FeatureRows& features, std::span<const double> ages) const {
  RidgeModel model = search_ridge(features, ages).model;
  return {.weights = std::move(model.weights), .bias = {model.intercept}, .alpha = model.alpha};
}

}  // namespace cg
