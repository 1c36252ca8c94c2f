#include "tensor/ops/volume.h"

#include <fmt/format.h>

namespace cg {
namespace {

void require_extents(const std::string& op, const char* input, const Spec& spec) {
  for (const Index extent : spec.shape)
    if (extent < 1)
      fail(ErrorKind::usage, op,
           fmt::format("{} has shape {}, expected extents of at least 1", input, to_string(spec.shape)));
}

}  // namespace

Shape window_output(const std::string& op, const Shape& in, const Window& window, Index channels) {
  constexpr const char* axes[] = {"depth", "height", "width"};
  Shape out = {in.at(0)};
  for (std::size_t a = 0; a < 3; ++a) {
    const Index kernel = window.kernel[a], stride = window.stride[a], padding = window.padding[a];
    if (kernel < 1 || stride < 1 || padding < 0)
      fail(ErrorKind::usage, op,
           fmt::format("{}: kernel {}, stride {}, padding {}; expected at least 1, 1 and 0", axes[a], kernel, stride,
                       padding));
    const Index room = in.at(a + 1) + 2 * padding - kernel;
    if (room < 0)
      fail(ErrorKind::usage, op,
           fmt::format("{} is {} with padding {} on each side, the window is {}", axes[a], in[a + 1], padding, kernel),
           "Use larger volumes or a smaller window.");
    out.push_back(room / stride + 1);
  }
  out.push_back(channels);
  return out;
}

void require_rank(const std::string& op, const char* input, const Spec& spec, std::size_t rank) {
  if (spec.shape.size() != rank)
    fail(ErrorKind::usage, op, fmt::format("{} has shape {}, expected {} axes", input, to_string(spec.shape), rank));
  require_extents(op, input, spec);
}

void require_channels(const std::string& op, const char* input, const Spec& spec) {
  if (spec.shape.size() < 2)
    fail(ErrorKind::usage, op,
         fmt::format("{} has shape {}, expected at least 2 axes, channels last", input, to_string(spec.shape)));
  require_extents(op, input, spec);
}

void require_parameter(const std::string& op, const char* input, const Spec& spec, const Shape& shape,
                       DType activation) {
  const Spec expected{shape, parameter_type(activation)};
  if (spec != expected)
    fail(ErrorKind::usage, op,
         fmt::format("{} is {} {}, expected {} {}", input, name_of(spec.dtype), to_string(spec.shape),
                     name_of(expected.dtype), to_string(expected.shape)));
}

}  // namespace cg
