#include "optim/adam.h"

namespace cg {

Adam::Adam(const ParameterStore& store, const AdamOptions& options, const Registry& registry)
    : options_(options),
      registry_(registry),
      first_(store.backend().tensor(store.values().spec())),
      second_(store.backend().tensor(store.values().spec())) {
  store.backend().fill_zero(first_);
  store.backend().fill_zero(second_);
}

void Adam::step(ParameterStore& store, double rate) {
  const AdamUpdate update{rate, options_.beta1, options_.beta2, options_.epsilon, options_.weight_decay, ++steps_};
  Call call{.in = {store.values(), store.gradients(), first_, second_},
            .out = {},
            .saved = {},
            .grad_out = {},
            .grad_in = {},
            .workspace = {},
            .backend = &store.backend()};
  if (store.bfloat16_copy()) call.in.push_back(store.bfloat16_copy());
  registry_.kernel<AdamUpdate>(store.backend().device(), store.values().dtype()).forward(&update, call);
}

}  // namespace cg
