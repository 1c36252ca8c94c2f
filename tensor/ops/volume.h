// SPDX-License-Identifier: Apache-2.0
// Indexing of channels-last volumes and the geometry of windows that slide over them; used by every spatial op.
#pragma once

#include <array>
#include <string_view>

#include "tensor/tensor.h"

namespace cg {

/// Extents of depth, height, width (the volume's X, Y, Z).
using Triple = std::array<Index, 3>;

/// A batch of channels-last volumes [n, D, H, W, C].
struct VolumeShape {
  Index n, depth, height, width, channels;

  explicit VolumeShape(const Shape& s)
      : n(s.at(0)), depth(s.at(1)), height(s.at(2)), width(s.at(3)), channels(s.at(4)) {}
  /// The offset of channel 0 of a voxel.
  constexpr Index at(Index sample, Index d, Index h, Index w) const {
    return (((sample * depth + d) * height + h) * width + w) * channels;
  }
  constexpr Index voxels() const { return n * depth * height * width; }
};

/// A window of `kernel` voxels moved by `stride` over a volume padded by `padding` on each side.
struct Window {
  Triple kernel, stride, padding;
  constexpr Index size() const { return kernel[0] * kernel[1] * kernel[2]; }
};

/// The number of window positions over [n, D, H, W, C], as the shape [n, D', H', W', `channels`].
/// Errors (usage): a window larger than the padded volume; an extent or stride below 1; a negative padding.
Shape window_output(std::string_view op, const Shape& in, const Window& window, Index channels);

/// Calls body(input voxel d, h, w; tap) for each tap of the window at output position (od, oh, ow) that lies inside.
template <class Body>
constexpr void for_each_tap(const VolumeShape& in, const Window& win, Index od, Index oh, Index ow, const Body& body) {
  for (Index a = 0; a < win.kernel[0]; ++a) {
    const Index d = od * win.stride[0] - win.padding[0] + a;
    if (d < 0 || d >= in.depth) continue;
    for (Index b = 0; b < win.kernel[1]; ++b) {
      const Index h = oh * win.stride[1] - win.padding[1] + b;
      if (h < 0 || h >= in.height) continue;
      for (Index c = 0; c < win.kernel[2]; ++c) {
        const Index w = ow * win.stride[2] - win.padding[2] + c;
        if (w < 0 || w >= in.width) continue;
        body(d, h, w, (a * win.kernel[1] + b) * win.kernel[2] + c);
      }
    }
  }
}

}  // namespace cg
