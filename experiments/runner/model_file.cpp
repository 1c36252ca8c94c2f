#include "experiments/runner/model_file.h"

#include "data/hdf5_file.h"
#include "data/storage.h"
#include "layers/file_order.h"

namespace cg {

void write_model(const std::filesystem::path& path, Learner& learner) {
  H5Writer file;
  const std::string mean = "running_mean";
  for (const Parameter* parameter : learner.model().parameters()) {
    const std::vector<double> values = to_file_order(parameter->shape, learner.parameters().read(*parameter));
    file.floats(parameter->name, file_shape(parameter->shape), std::vector<float>(values.begin(), values.end()));
    if (!parameter->name.ends_with(mean)) continue;
    const std::string layer = parameter->name.substr(0, parameter->name.size() - mean.size());
    file.numbers(layer + "num_batches_tracked", {}, std::vector<double>{static_cast<double>(learner.batches_seen())});
  }
  const ModelOptions& o = learner.options().model;
  file.attribute("format", std::string("cortexgrad-model-1"));
  file.attribute("channels", static_cast<double>(o.channels));
  file.attribute("width", static_cast<double>(o.width));
  file.attribute("projection", o.projection ? 1 : 0);
  file.attribute("embedding", static_cast<double>(o.embedding));
  write_atomically(path, file.image());
}

}  // namespace cg
