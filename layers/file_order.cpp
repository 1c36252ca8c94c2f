// SPDX-License-Identifier: Apache-2.0
#include "layers/file_order.h"

#include <cassert>

namespace cg {
namespace {

/// Calls body(index in the engine, index in the file) for every value.
template <class Body>
void for_each_place(const Shape& shape, const Body& body) {
  assert(shape.size() == 5);
  const Index outputs = shape[0], taps = shape[1] * shape[2] * shape[3], inputs = shape[4];
  for (Index o = 0; o < outputs; ++o)
    for (Index k = 0; k < taps; ++k)
      for (Index i = 0; i < inputs; ++i)
        body(static_cast<std::size_t>((o * taps + k) * inputs + i),
             static_cast<std::size_t>((o * inputs + i) * taps + k));
}

template <class T>
std::vector<T> to_engine(const Shape& shape, const std::vector<T>& values) {
  if (shape.size() != 5) return values;
  std::vector<T> out(values.size());
  for_each_place(shape, [&](std::size_t engine, std::size_t file) { out[engine] = values[file]; });
  return out;
}

}  // namespace

Shape file_shape(const Shape& shape) {
  return shape.size() == 5 ? Shape{shape[0], shape[4], shape[1], shape[2], shape[3]} : shape;
}

std::vector<double> to_file_order(const Shape& shape, const std::vector<double>& values) {
  if (shape.size() != 5) return values;
  std::vector<double> out(values.size());
  for_each_place(shape, [&](std::size_t engine, std::size_t file) { out[file] = values[engine]; });
  return out;
}

std::vector<double> from_file_order(const Shape& shape, const std::vector<double>& values) {
  return to_engine(shape, values);
}

std::vector<float> from_file_order(const Shape& shape, const std::vector<float>& values) {
  return to_engine(shape, values);
}

}  // namespace cg
