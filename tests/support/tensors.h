// SPDX-License-Identifier: Apache-2.0
// Tensors from numbers and back, and how far two lists of numbers are apart.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "tensor/backend.h"
#include "tensor/random.h"

namespace cg::test {

/// A tensor of `backend` with these numbers, rounded to the spec's type.
inline Tensor tensor_of(Backend& backend, const Spec& spec, const std::vector<double>& numbers) {
  HostBackend memory;
  Tensor host = memory.tensor(spec);
  with_type(spec.dtype, [&]<class T>() {
    const auto data = host.data<T>();
    for (std::size_t k = 0; k < data.size(); ++k) data[k] = static_cast<T>(numbers.at(k));
  });
  Tensor out = backend.tensor(spec);
  backend.to_device(host, out);
  return out;
}

/// The numbers of a tensor in host memory; bytes count as numbers.
inline std::vector<double> numbers_of(const Tensor& tensor) {
  if (tensor.dtype() == DType::u8) return {tensor.data<std::uint8_t>().begin(), tensor.data<std::uint8_t>().end()};
  std::vector<double> out;
  with_type(tensor.dtype(), [&]<class T>() { out.assign(tensor.data<T>().begin(), tensor.data<T>().end()); });
  return out;
}

/// The numbers as type `dtype` holds them.
inline std::vector<double> rounded(const std::vector<double>& numbers, DType dtype) {
  HostBackend host;
  return numbers_of(tensor_of(host, {{static_cast<Index>(numbers.size())}, dtype}, numbers));
}

/// `n` standard normal numbers times `scale`.
inline std::vector<double> normals(Random& random, Index n, double scale = 1) {
  std::vector<double> out(static_cast<std::size_t>(n));
  for (double& x : out) x = scale * random.normal();
  return out;
}

inline double norm(const std::vector<double>& x) {
  double squares = 0;
  for (double v : x) squares += v * v;
  return std::sqrt(squares);
}

/// The largest difference, relative to the largest number wanted. NaN where one is; infinity where sizes differ.
inline double relative_to_largest(const std::vector<double>& got, const std::vector<double>& want) {
  if (got.size() != want.size()) return std::numeric_limits<double>::infinity();
  double worst = 0, largest = 0;
  for (std::size_t k = 0; k < want.size(); ++k) {
    const double off = std::abs(got[k] - want[k]);
    if (std::isnan(off)) return off;
    worst = std::max(worst, off);
    largest = std::max(largest, std::abs(want[k]));
  }
  return largest == 0 ? worst : worst / largest;
}

/// ‖got − want‖ / ‖want‖.
inline double relative_in_norm(const std::vector<double>& got, const std::vector<double>& want) {
  if (got.size() != want.size()) return std::numeric_limits<double>::infinity();
  std::vector<double> off(want.size());
  for (std::size_t k = 0; k < want.size(); ++k) off[k] = got[k] - want[k];
  return norm(want) == 0 ? norm(off) : norm(off) / norm(want);
}

}  // namespace cg::test
