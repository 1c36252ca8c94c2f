#include "experiments/runner/model_file.h"

#include "data/storage.h"
#include "data/weights_file.h"
#include "layers/file_order.h"

namespace cg {

void write_model(const std::filesystem::path& path, Learner& learner) {
  std::vector<NamedArray> arrays;
  const std::string mean = "running_mean";
  for (const Parameter* parameter : learner.model().parameters()) {
    const std::vector<double> values = to_file_order(parameter->shape, learner.parameters().read(*parameter));
    arrays.push_back({parameter->name, file_shape(parameter->shape), {values.begin(), values.end()}});
    if (!parameter->name.ends_with(mean)) continue;
    const std::string layer = parameter->name.substr(0, parameter->name.size() - mean.size());
    arrays.push_back(
        {layer + "num_batches_tracked", {}, {static_cast<float>(learner.batches_seen())}, /*counts=*/true});
  }
  const ModelOptions& o = learner.options().model;
  const Texts texts = {{"format", "cortexgrad-model-1"},
                       {"channels", std::to_string(o.channels)},
                       {"width", std::to_string(o.width)},
                       {"projection", o.projection ? "1" : "0"},
                       {"embedding", std::to_string(o.embedding)}};
  write_atomically(path, weights_bytes(weights_format(path.string()), arrays, texts));
}

}  // namespace cg
