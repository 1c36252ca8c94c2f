// SPDX-License-Identifier: Apache-2.0
// Dual numbers: a value and its derivative along one direction, carried through the formulas of the losses to check
// the gradients that are written by hand.
//
// Finite differences cannot do this check for the `published` formulation: it holds the row maximum constant although
// the value depends on it. With a dual number this can be written: `detach(x)` is x without its derivative.
#pragma once

#include <Eigen/Core>
#include <cmath>

namespace cg {

struct Dual {
  double v = 0;  ///< value
  double d = 0;  ///< derivative
  Dual() = default;
  Dual(double value, double derivative = 0) : v(value), d(derivative) {}  // NOLINT: a number is a constant Dual
  Dual& operator+=(Dual b) { return *this = {v + b.v, d + b.d}; }
};

inline Dual operator+(Dual a, Dual b) { return {a.v + b.v, a.d + b.d}; }
inline Dual operator-(Dual a, Dual b) { return {a.v - b.v, a.d - b.d}; }
inline Dual operator-(Dual a) { return {-a.v, -a.d}; }
inline Dual operator*(Dual a, Dual b) { return {a.v * b.v, a.d * b.v + a.v * b.d}; }
inline Dual operator/(Dual a, Dual b) { return {a.v / b.v, (a.d - a.v / b.v * b.d) / b.v}; }
inline bool operator<(Dual a, Dual b) { return a.v < b.v; }
inline bool operator>(Dual a, Dual b) { return a.v > b.v; }
inline bool operator==(Dual a, Dual b) { return a.v == b.v; }
inline Dual log(Dual a) { return {std::log(a.v), a.d / a.v}; }
inline Dual sqrt(Dual a) {
  const double root = std::sqrt(a.v);
  return {root, a.d / (2 * root)};
}
inline Dual exp(Dual a) {
  const double e = std::exp(a.v);
  return {e, e * a.d};
}

/// The value without its derivative: a constant, through which no gradient flows.
inline double detach(double x) { return x; }
inline double detach(Dual x) { return x.v; }

}  // namespace cg

// What Eigen has to know to hold Dual in its arrays and to mix them with double.
template <>
struct Eigen::NumTraits<cg::Dual> : Eigen::NumTraits<double> {
  using Real = cg::Dual;
  using NonInteger = cg::Dual;
  using Nested = cg::Dual;
  enum { IsComplex = 0, RequireInitialization = 1, ReadCost = 2, AddCost = 2, MulCost = 4 };
};
template <class Operation>
struct Eigen::ScalarBinaryOpTraits<cg::Dual, double, Operation> {
  using ReturnType = cg::Dual;
};
template <class Operation>
struct Eigen::ScalarBinaryOpTraits<double, cg::Dual, Operation> {
  using ReturnType = cg::Dual;
};
