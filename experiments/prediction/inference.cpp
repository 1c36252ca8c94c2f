// SPDX-License-Identifier: Apache-2.0
#include "experiments/prediction/inference.h"

#include <fmt/format.h>

#include <cmath>

#include "experiments/training/learner_options.h"
#include "tensor/error.h"

namespace cg {

Inference::Inference(Backend& backend, const TrainedModel& model)
    : backend_(backend),
      prediction_(model.prediction),
      model_(model.network),
      store_(backend, DType::f32, model_.parameters(), reads_bfloat16_copies(backend, prediction_.activations), false) {
  for (Parameter* p : store_.parameters()) store_.write(*p, std::span(model.values.at(p->name)));
}

const std::vector<double>& Inference::seen(const Encoded& encoded) const {
  return prediction_.features == Features::projected ? encoded.embeddings : encoded.features;
}

Encoded Inference::encode(const Tensor& volumes) {
  Tape tape(backend_);
  Context ctx(tape, false);
  const Model::Result out = model_.forward(ctx, constant(backend_.from_host(volumes)), prediction_.activations);
  return {to_doubles(backend_, out.features.value), to_doubles(backend_, out.embeddings.value)};
}

std::vector<double> Inference::ages(const Encoded& encoded) const {
  const std::vector<double>& rows = seen(encoded);
  const Index width = prediction_.predictor.features();
  return prediction_.predictor.predict({rows, static_cast<Index>(rows.size()) / width, width});
}

double Inference::age(const Tensor& volume, const std::string& source) {
  const Encoded encoded = encode(volume);
  const auto check = [&](const char* what, std::span<const double> values) {
    for (const double value : values)
      if (!std::isfinite(value))
        fail(ErrorKind::numbers, source, fmt::format("{} is {}, expected a finite number", what, value),
             "Check the scan's values, then check whether the model can predict the age of other scans");
  };
  check("a feature before the projection", encoded.features);
  check("a feature after the projection", encoded.embeddings);
  const std::vector<double> age = ages(encoded);
  check("the predicted age", age);
  return age[0];
}

Inference::Slope Inference::differentiate(const Tensor& volume) {
  Tape tape(backend_);
  Context ctx = Context::explaining(tape);
  const Tensor input = backend_.from_host(volume), gradient = backend_.tensor(volume.spec());
  const Model::Result out = model_.forward(ctx, leaf("volume", input, gradient), prediction_.activations);
  const Variable& root = prediction_.features == Features::projected ? out.embeddings : out.features;
  const std::vector<double> row = to_doubles(backend_, root.value);
  Tensor of_features = backend_.tensor(root.spec());
  from_doubles(backend_, prediction_.predictor.gradient(row), of_features);
  tape.backward(root, of_features);
  const std::vector<double> slopes = to_doubles(backend_, gradient);
  return {prediction_.predictor.predict({row, 1, static_cast<Index>(row.size())})[0], {slopes.begin(), slopes.end()}};
}

}  // namespace cg
