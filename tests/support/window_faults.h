// SPDX-License-Identifier: Apache-2.0
// What mistakes in convolution and pooling are made of: a walk over every tap of every window.
#pragma once

#include "tensor/ops/volume.h"
#include "tests/support/faults.h"

namespace cg::test {

/// Calls body(input offset, output offset, tap) for every tap of every window of a batch.
template <class Body>
void for_each_window_tap(const Shape& input, const Shape& output, const Window& window, const Body& body) {
  const VolumeShape in(input), out(output);
  for (Index n = 0; n < out.n; ++n)
    for (Index d = 0; d < out.depth; ++d)
      for (Index h = 0; h < out.height; ++h)
        for (Index v = 0; v < out.width; ++v)
          for_each_tap(in, window, d, h, v, [&](Index a, Index b, Index e, Index tap) {
            body(static_cast<std::size_t>(in.at(n, a, b, e)), static_cast<std::size_t>(out.at(n, d, h, v)), tap);
          });
}

/// Calls body(input offset, output offset, tap) for every channel of those taps, where input and output have the same.
template <class Body>
void for_each_window_value(const Shape& input, const Shape& output, const Window& window, const Body& body) {
  for_each_window_tap(input, output, window, [&](std::size_t in, std::size_t out, Index tap) {
    for (std::size_t c = 0; c < static_cast<std::size_t>(input[4]); ++c) body(in + c, out + c, tap);
  });
}

}  // namespace cg::test
