// SPDX-License-Identifier: Apache-2.0
#include "experiments/statistics/ridge.h"

#include <Eigen/Cholesky>
#include <Eigen/Core>

namespace cg {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;
using Rows = Eigen::Map<const Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>>;
using Ages = Eigen::Map<const VectorXd>;

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

  AgePredictor fit(double alpha) const {
    MatrixXd penalised = gram_;
    penalised.diagonal().array() += alpha;
    const VectorXd solved = penalised.llt().solve(right_);
    const VectorXd w = wide_ ? VectorXd(centred_.transpose() * solved) : solved;
    return {.weights = {w.data(), w.data() + w.size()}, .bias = {mean_age_ - means_.dot(w)}, .penalty = alpha};
  }

 private:
  VectorXd means_;  // of the features, [p]
  double mean_age_;
  MatrixXd centred_;  // [n, p]
  bool wide_;         // more features than rows
  MatrixXd gram_;
  VectorXd right_;  // right-hand side
};

}  // namespace

std::vector<AgePredictor> RidgePredictor::fit(const FeatureRows& features, std::span<const double> ages,
                                              std::span<const double> alphas) const {
  check_features(name, features, ages, 2);
  const RidgePath path(rows(features), vector(ages));
  std::vector<AgePredictor> out;
  for (const double alpha : alphas) out.push_back(path.fit(alpha));
  return out;
}

}  // namespace cg
