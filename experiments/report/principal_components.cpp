// SPDX-License-Identifier: Apache-2.0
#include "experiments/report/principal_components.h"

#include <Eigen/Dense>

namespace cg {

PrincipalComponents principal_components(std::span<const double> points, std::size_t width) {
  using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  const auto columns = static_cast<Eigen::Index>(width), n = static_cast<Eigen::Index>(points.size()) / columns;
  Matrix centred = Eigen::Map<const Matrix>(points.data(), n, columns);
  centred.rowwise() -= centred.colwise().mean().eval();
  const Matrix covariance = centred.transpose() * centred / static_cast<double>(n);
  const Eigen::SelfAdjointEigenSolver<Matrix> solver(covariance);  // values ascend
  PrincipalComponents out{.places = std::vector<double>(2 * static_cast<std::size_t>(n))};
  const double all = solver.eigenvalues().sum();
  for (Eigen::Index k = 0; k < std::min<Eigen::Index>(2, columns); ++k) {
    Eigen::VectorXd direction = solver.eigenvectors().col(columns - 1 - k);
    Eigen::Index largest = 0;
    direction.cwiseAbs().maxCoeff(&largest);
    if (direction[largest] < 0) direction = -direction;
    const Eigen::VectorXd along = centred * direction;
    for (Eigen::Index i = 0; i < n; ++i) out.places[static_cast<std::size_t>(2 * i + k)] = along[i];
    out.shares[k] = all > 0 ? solver.eigenvalues()[columns - 1 - k] / all : 0;
  }
  return out;
}

}  // namespace cg
