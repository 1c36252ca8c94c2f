// SPDX-License-Identifier: Apache-2.0
#include "optim/adam.h"

#include <cstddef>

namespace cg {

Adam::Adam(const ParameterStore& store, const AdamOptions& options, const Registry& registry)
    : options_(options),
      registry_(registry),
      first_(store.backend().tensor(store.values().spec())),
      second_(store.backend().tensor(store.values().spec())),
      control_(store.backend().tensor(AdamControl::spec())),
      host_control_(store.backend().host_tensor(AdamControl::spec())) {
  store.backend().fill_zero(first_);
  store.backend().fill_zero(second_);
}

AdamUpdate Adam::op(double rate, Index step) const {
  return {rate, options_.beta1, options_.beta2, options_.epsilon, options_.weight_decay, step};
}

bool Adam::step(ParameterStore& store, double rate) {
  prepare(rate);
  update(store);
  store.backend().synchronize();
  return finish();
}

void Adam::prepare(double rate) {
  const AdamControl now(op(rate, steps_ + 1));
  const auto numbers = host_control_.data<double>();
  numbers[0] = now.rate;
  numbers[1] = now.first;
  numbers[2] = now.second;
}

void Adam::update(ParameterStore& store) {
  Backend& backend = store.backend();
  backend.to_device(host_control_, control_);
  Tensor finite = control_.part({{1}, DType::f64}, offsetof(AdamControl, finite));
  backend.write_is_finite(store.gradients(), finite);
  const AdamUpdate update = op(0, 1);  // rate and step are in the control
  Call call{.in = {store.values(), store.gradients(), first_, second_, store.bfloat16_copy(), control_},
            .out = {},
            .saved = {},
            .grad_out = {},
            .grad_in = {},
            .workspace = {},
            .backend = &backend};
  registry_.kernel<AdamUpdate>(backend.device(), store.values().dtype()).forward(&update, call);
  backend.to_host(control_, host_control_);
}

bool Adam::finish() {
  if (host_control_.data<double>()[3] != 1) return false;
  ++steps_;
  return true;
}

}  // namespace cg
