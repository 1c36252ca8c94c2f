// The plans of all ops: shapes, errors, and what each backward will read.
#include <fmt/format.h>

#include "tensor/ops/adam_update.h"
#include "tensor/ops/add.h"
#include "tensor/ops/batch_norm.h"
#include "tensor/ops/batch_norm_add_relu.h"
#include "tensor/ops/batch_norm_relu.h"
#include "tensor/ops/batch_norm_relu_max_pool.h"
#include "tensor/ops/cast.h"
#include "tensor/ops/conv3d.h"
#include "tensor/ops/global_average_pool.h"
#include "tensor/ops/l2_normalise.h"
#include "tensor/ops/linear.h"
#include "tensor/ops/max_pool3d.h"

namespace cg {

Plan Conv3d::plan(std::span<const Spec> in) const {
  require_rank("conv3d", "input", in[0], 5);
  require_rank("conv3d", "weight", in[1], 5);
  const Shape& weight = in[1].shape;
  if (in[0].shape[4] != weight[4])
    fail(ErrorKind::usage, "conv3d", fmt::format("input has {} channels, weight expects {}", in[0].shape[4], weight[4]),
         "Make the layer's input channels those of the layer before it.");
  require_parameter("conv3d", "weight", in[1], weight, in[0].dtype);
  const Shape out = window_output("conv3d", in[0].shape, window(weight), weight[0]);
  return {.outputs = {{out, in[0].dtype}}, .saved = {}, .saved_inputs = 0b11};
}

std::vector<Spec> plan_norm(std::string_view op, const NormAttributes& norm, std::span<const Spec> in) {
  const std::string where(op);
  require_channels(where, "input", in[0]);
  const Shape channels = {in[0].shape.back()};
  constexpr const char* names[] = {"input", "weight", "bias", "running mean", "running variance"};
  for (std::size_t j = 1; j < 5; ++j) require_parameter(where, names[j], in[j], channels, in[0].dtype);
  if (norm.training && norm.equal_views * in[0].count() / channels[0] < 2)
    fail(ErrorKind::usage, where, "one value a channel while training, at least 2 are needed for a variance",
         "Use a larger batch or larger volumes.");
  const Spec statistic{channels, parameter_type(in[0].dtype)};
  return {statistic, statistic};
}

Plan BatchNorm::plan(std::span<const Spec> in) const {
  return {.outputs = {in[0]}, .saved = plan_norm(name, norm, in), .saved_inputs = 0b111, .recomputable = 0b1};
}

Plan BatchNormRelu::plan(std::span<const Spec> in) const {
  return {.outputs = {in[0]}, .saved = plan_norm(name, norm, in), .saved_inputs = 0b111, .recomputable = 0b1};
}

Plan BatchNormAddRelu::plan(std::span<const Spec> in) const {
  std::vector<Spec> saved = plan_norm(name, norm, in);
  if (in[5] != in[0])
    fail(ErrorKind::usage, std::string(name),
         fmt::format("residual is {} {}, expected {} {} like the input", name_of(in[5].dtype), to_string(in[5].shape),
                     name_of(in[0].dtype), to_string(in[0].shape)));
  return {.outputs = {in[0]}, .saved = std::move(saved), .saved_inputs = 0b111, .saved_outputs = 0b1};
}

Shape plan_pool(std::string_view op, const Window& window, const Spec& x) {
  const std::string where(op);
  require_rank(where, "input", x, 5);
  if (window.size() > 256)
    fail(ErrorKind::usage, where,
         fmt::format("the window has {} voxels; its winner is kept in a byte, 256 at most", window.size()));
  for (std::size_t a = 0; a < 3; ++a)
    if (2 * window.padding[a] > window.kernel[a])
      fail(ErrorKind::usage, where,
           fmt::format("padding {} is more than half of the window's {}", window.padding[a], window.kernel[a]));
  return window_output(where, x.shape, window, x.shape[4]);
}

Plan MaxPool3d::plan(std::span<const Spec> in) const {
  const Shape out = plan_pool(name, window(), in[0]);
  return {.outputs = {{out, in[0].dtype}}, .saved = {{out, DType::u8}}};
}

Plan BatchNormReluMaxPool::plan(std::span<const Spec> in) const {
  std::vector<Spec> saved = plan_norm(name, norm, in);
  const Shape out = plan_pool(name, pool.window(), in[0]);
  saved.push_back({out, DType::u8});
  return {.outputs = {{out, in[0].dtype}}, .saved = std::move(saved), .saved_inputs = 0b111};
}

Plan Add::plan(std::span<const Spec> in) const {
  if (in[0] != in[1])
    fail(ErrorKind::usage, "add",
         fmt::format("{} {} and {} {} differ", name_of(in[0].dtype), to_string(in[0].shape), name_of(in[1].dtype),
                     to_string(in[1].shape)));
  return {.outputs = {in[0]}, .saved = {}};
}

Plan GlobalAveragePool::plan(std::span<const Spec> in) const {
  require_rank("global_average_pool", "input", in[0], 5);
  return {.outputs = {{{in[0].shape[0], in[0].shape[4]}, parameter_type(in[0].dtype)}}, .saved = {}};
}

Plan Linear::plan(std::span<const Spec> in) const {
  require_rank("linear", "input", in[0], 2);
  require_rank("linear", "weight", in[1], 2);
  if (in[0].shape[1] != in[1].shape[1])
    fail(ErrorKind::usage, "linear",
         fmt::format("input has {} columns, weight expects {}", in[0].shape[1], in[1].shape[1]),
         "Make the layer's inputs the outputs of the layer before it.");
  require_parameter("linear", "weight", in[1], in[1].shape, in[0].dtype);
  require_parameter("linear", "bias", in[2], {in[1].shape[0]}, in[0].dtype);
  return {.outputs = {{{in[0].shape[0], in[1].shape[0]}, in[0].dtype}}, .saved = {}, .saved_inputs = 0b11};
}

Plan L2Normalise::plan(std::span<const Spec> in) const {
  require_rank("l2_normalise", "input", in[0], 2);
  return {.outputs = {in[0]}, .saved = {{{in[0].shape[0]}, parameter_type(in[0].dtype)}}, .saved_outputs = 0b1};
}

Plan Cast::plan(std::span<const Spec> in) const {
  if (in[0].dtype == DType::u8 || to == DType::u8)
    fail(ErrorKind::usage, "cast",
         fmt::format("from {} to {}, expected floating-point types", name_of(in[0].dtype), name_of(to)));
  return {.outputs = {{in[0].shape, to}}, .saved = {}};
}

Plan AdamUpdate::plan(std::span<const Spec> in) const {
  for (const Spec& spec : in.first(4)) require_parameter("adam_update", "buffer", spec, in[0].shape, in[0].dtype);
  if (in.size() > 4 && in[4] != Spec{in[0].shape, DType::bf16})
    fail(ErrorKind::usage, "adam_update",
         fmt::format("the copy is {} {}, expected bfloat16 {}", name_of(in[4].dtype), to_string(in[4].shape),
                     to_string(in[0].shape)));
  if (in.size() > 5 && in[5] != AdamControl::spec())
    fail(ErrorKind::usage, "adam_update",
         fmt::format("the control is {} {}, expected float64 [4]", name_of(in[5].dtype), to_string(in[5].shape)));
  return {};
}

}  // namespace cg
