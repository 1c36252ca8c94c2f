// SPDX-License-Identifier: Apache-2.0
#include "autograd/parameter.h"

#include <fmt/format.h>

#include <algorithm>

#include "tensor/error.h"
#include "tensor/ops/cast.h"
#include "tensor/parallel.h"
#include "tensor/random.h"
#include "tensor/registry.h"

namespace cg {
namespace {

constexpr Index alignment = 64;  // bytes between the starts of two parameters

Index padded(Index bytes) { return (bytes + alignment - 1) / alignment * alignment; }

}  // namespace

ParameterStore::ParameterStore(Backend& backend, DType dtype, std::vector<Parameter*> parameters, bool bfloat16_copy,
                               bool trains)
    : backend_(backend), parameters_(std::move(parameters)) {
  Index trained = 0, statistics = 0;
  for (const Parameter* p : parameters_)
    (p->trained ? trained : statistics) += padded(count(p->shape) * size_of(dtype));
  const auto flat = [&](Index bytes, DType type) {
    Tensor tensor = backend_.tensor({{bytes / size_of(dtype)}, type});
    backend_.fill_zero(tensor);
    return tensor;
  };
  values_ = flat(trained, dtype);
  if (trains) gradients_ = flat(trained, dtype);
  statistics_ = flat(statistics, dtype);
  if (bfloat16_copy) bfloat16_copy_ = flat(trained, DType::bf16);
  Index at_trained = 0, at_statistic = 0;
  for (Parameter* p : parameters_) {
    const Spec spec{p->shape, dtype};
    Index& at = p->trained ? at_trained : at_statistic;
    p->variable = p->trained ? leaf(p->name, values_.part(spec, at), trains ? gradients_.part(spec, at) : Tensor())
                             : constant(statistics_.part(spec, at));
    if (p->trained && bfloat16_copy)
      p->variable.leaf->bfloat16_copy =
          bfloat16_copy_.part({p->shape, DType::bf16}, at / size_of(dtype) * size_of(DType::bf16));
    p->variable.needs_gradient = p->trained && trains;
    at += padded(spec.size_bytes());
  }
}

void ParameterStore::initialise(std::uint64_t seed) {
  constexpr Index piece = Index{1} << 16;  // numbers drawn before they are stored: no copy of a large parameter is made
  const auto draw = [&](std::size_t k) {
    const Parameter& p = *parameters_[k];
    const Tensor& all = p.variable.value;
    Random random({.seed = seed, .sample = static_cast<std::uint32_t>(k), .use = Use::initial_weights});
    for (Index first = 0, size = count(p.shape); first < size; first += piece) {
      std::vector<double> values(static_cast<std::size_t>(std::min(piece, size - first)),
                                 p.initial.distribution == Initial::Distribution::ones ? 1.0 : 0.0);
      if (p.initial.distribution == Initial::Distribution::normal)
        for (double& v : values) v = p.initial.scale * random.normal();
      if (p.initial.distribution == Initial::Distribution::uniform)
        for (double& v : values) v = p.initial.scale * (2 * random.uniform() - 1);
      Tensor part = all.part({{static_cast<Index>(values.size())}, all.dtype()}, first * size_of(all.dtype()));
      from_doubles(backend_, values, part);
    }
  };
  RegionErrors errors;
#pragma omp parallel for schedule(dynamic)
  for (std::size_t k = 0; k < parameters_.size(); ++k) errors.guard([&] { draw(k); });
  errors.rethrow();
  round_values();
}

Parameter& ParameterStore::find(const std::string& name) const {
  for (Parameter* p : parameters_)
    if (p->name == name) return *p;
  fail(ErrorKind::usage, name, "the model has no parameter with this name");
}

Index ParameterStore::trained_count() const {
  Index sum = 0;
  for (const Parameter* p : parameters_) sum += p->trained ? count(p->shape) : 0;
  return sum;
}

void ParameterStore::round_values() {
  if (!bfloat16_copy_) return;
  const Cast cast{.to = DType::bf16};
  Call call{.in = {values_}, .out = {bfloat16_copy_}, .saved = {}, .grad_out = {}, .grad_in = {}, .workspace = {}};
  call.backend = &backend_;
  Registry::standard().kernel<Cast>(backend_.device(), values_.dtype()).forward(&cast, call);
}

Index ParameterStore::bytes(const Parameter& parameter) const {
  return padded(count(parameter.shape) * size_of(values_.dtype()));
}

std::vector<double> ParameterStore::read(const Parameter& parameter) const {
  return to_doubles(backend_, parameter.variable.value);
}

std::vector<double> ParameterStore::read_gradient(const Parameter& parameter) const {
  return to_doubles(backend_, parameter.variable.leaf->gradient);
}

void ParameterStore::write(Parameter& parameter, const std::vector<double>& values) {
  if (static_cast<Index>(values.size()) != count(parameter.shape))
    fail(ErrorKind::usage, parameter.name,
         fmt::format("{} values do not fit shape {}", values.size(), to_string(parameter.shape)),
         "Give one value for each entry of the parameter");
  from_doubles(backend_, values, parameter.variable.value);
  if (parameter.trained && bfloat16_copy_) from_doubles(backend_, values, parameter.variable.leaf->bfloat16_copy);
}

void ParameterStore::write(Parameter& parameter, std::span<const float> values) {
  Tensor& to = parameter.variable.value;
  if (to.dtype() != DType::f32 || bfloat16_copy_ || static_cast<Index>(values.size()) != count(parameter.shape))
    return write(parameter, std::vector<double>(values.begin(), values.end()));
  HostBackend memory;
  const Tensor host = backend_.traits().has_own_memory ? memory.tensor(to.spec()) : to.on(Device::reference);
  std::copy(values.begin(), values.end(), host.data<float>().begin());
  if (backend_.traits().has_own_memory) backend_.to_device(host, to);
}

}  // namespace cg
