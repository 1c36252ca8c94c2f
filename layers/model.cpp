// SPDX-License-Identifier: Apache-2.0
#include "layers/model.h"

#include <fmt/format.h>

#include "tensor/ops/cast.h"

namespace cg {

std::string grouped(Index number) {
  std::string text = std::to_string(number);
  for (std::size_t at = text.size(); at > 3; at -= 3) text.insert(at - 3, ",");
  return text;
}

namespace {

std::string table_row(const LayerSummary& layer) {
  return fmt::format("{:<34} {:<26} {:<24} {:>11} {:>9.3f} {:>9.2f}\n", layer.scope, layer.op,
                     layer.output.empty() ? "" : to_string(layer.output),
                     layer.parameters ? grouped(layer.parameters) : "", static_cast<double>(layer.multiply_adds) / 1e9,
                     static_cast<double>(layer.output_bytes) / 1e6);
}

}  // namespace

Fields<ModelOptions> model_fields() {
  return {
      field("width", &ModelOptions::width, between(1, 512),
            "Channels of the stem; the encoder's features are 8 times as wide (64: the published network)."),
      field("projection", &ModelOptions::projection, any(),
            "false: no projection head; the loss sees the encoder's features, of unit length."),
      field("embedding", &ModelOptions::embedding, between(1, 4096), "Width of the projection head's output."),
  };
}

Model::Model(const ModelOptions& options)
    : options_(options),
      encoder_(child<ResNet3d>("encoder", options.channels, options.width, options.recompute)),
      head_(options.projection ? &child<ProjectionHead>("head", options.feature_width(), options.embedding) : nullptr) {
}

Model::Result Model::forward(Context& ctx, const Variable& volumes, DType activations) {
  Variable x = volumes;
  if (x.spec().dtype != activations) {
    const auto scope = ctx.scope("input");
    x = ctx.apply(Cast{.to = activations}, {x});
  }
  const Variable features = encoder_.forward(ctx, x);
  if (head_) return {features, head_->forward(ctx, features)};
  const auto scope = ctx.scope("normalise");
  return {features, ctx.apply(L2Normalise{}, {features})};
}

std::vector<LayerSummary> layer_summaries(const Tape& tape) {
  std::vector<LayerSummary> layers;
  for (const Node& node : tape.nodes()) {
    const Spec& out = node.plan.outputs[0];
    LayerSummary layer{node.scope, node.op.name, out.shape, 0, 0, out.size_bytes()};
    for (const Variable& input : node.inputs)
      if (input.leaf) layer.parameters += input.spec().count();
    if (node.op.type == typeid(Conv3d) || node.op.type == typeid(Linear)) {
      const Shape& weight = node.inputs[1].spec().shape;  // every output value is a sum over one filter
      layer.multiply_adds = out.count() * count(weight) / weight[0];
    }
    layers.push_back(std::move(layer));
  }
  return layers;
}

std::string to_string(const std::vector<LayerSummary>& layers) {
  std::string text =
      fmt::format("{:<34} {:<26} {:<24} {:>11} {:>9} {:>9}\n", "layer", "op", "output", "parameters", "Gmul-add", "MB");
  LayerSummary total{"total", "", {}, 0, 0, 0};
  for (const LayerSummary& layer : layers) {
    text += table_row(layer);
    total.parameters += layer.parameters;
    total.multiply_adds += layer.multiply_adds;
    total.output_bytes += layer.output_bytes;
  }
  return text + table_row(total);
}

}  // namespace cg
