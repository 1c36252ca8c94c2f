// SPDX-License-Identifier: Apache-2.0
#include "tensor/ops/volume.h"

#include "tensor/ops/require.h"

namespace cg {

Shape window_output(std::string_view op, const Shape& in, const Window& window, Index channels) {
  constexpr const char* axes[] = {"depth", "height", "width"};
  Shape out = {in.at(0)};
  for (std::size_t a = 0; a < 3; ++a) {
    const Index kernel = window.kernel[a], stride = window.stride[a], padding = window.padding[a];
    if (kernel < 1 || stride < 1 || padding < 0)
      refuse(op, {axes[a], ": kernel ", kernel, ", stride ", stride, ", padding ", padding,
                  "; expected at least 1, 1 and 0"});
    const Index room = in.at(a + 1) + 2 * padding - kernel;
    if (room < 0)
      refuse(op, {axes[a], " is ", in[a + 1], " with padding ", padding, " on each side, but the window is ", kernel},
             "Use larger volumes or a smaller window.");
    out.push_back(room / stride + 1);
  }
  out.push_back(channels);
  return out;
}

}  // namespace cg
