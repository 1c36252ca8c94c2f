// SPDX-License-Identifier: Apache-2.0
#include "layers/module.h"

namespace cg {

Parameter& Module::parameter(std::string name, Shape shape, Initial initial) {
  declared_.push_back({std::move(name), std::make_unique<Parameter>()});
  Parameter& made = *declared_.back().parameter;
  made.shape = std::move(shape);
  made.initial = initial;
  return made;
}

Parameter& Module::statistic(std::string name, Shape shape, Initial initial) {
  Parameter& made = parameter(std::move(name), std::move(shape), initial);
  made.trained = false;
  return made;
}

std::vector<Parameter*> Module::parameters(const std::string& prefix) {
  std::vector<Parameter*> all;
  for (Declared& own : declared_) {
    own.parameter->name = prefix + own.name;
    all.push_back(own.parameter.get());
  }
  for (const auto& layer : children_)
    for (Parameter* p : layer->parameters(prefix + layer->name_ + ".")) all.push_back(p);
  return all;
}

}  // namespace cg
