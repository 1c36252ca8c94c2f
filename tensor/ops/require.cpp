// SPDX-License-Identifier: Apache-2.0
#include "tensor/ops/require.h"

namespace cg {
namespace {

void require_extents(std::string_view op, const char* input, const Spec& spec) {
  for (const Index extent : spec.shape)
    if (extent < 1) refuse(op, {input, " has shape ", spec.shape, ", expected extents of at least 1"});
}

}  // namespace

void refuse(std::string_view op, std::initializer_list<MessagePart> what, std::string fix) {
  std::string message;
  for (const MessagePart& part : what) message += part.text;
  fail(ErrorKind::usage, std::string(op), std::move(message), std::move(fix));
}

void require_rank(std::string_view op, const char* input, const Spec& spec, std::size_t rank) {
  if (spec.shape.size() != rank)
    refuse(op, {input, " has shape ", spec.shape, ", expected ", static_cast<Index>(rank), " axes"});
  require_extents(op, input, spec);
}

void require_channels(std::string_view op, const char* input, const Spec& spec) {
  if (spec.shape.size() < 2)
    refuse(op, {input, " has shape ", spec.shape, ", expected at least 2 axes, channels last"});
  require_extents(op, input, spec);
}

void require_spec(std::string_view op, const char* input, const Spec& spec, const Spec& expected, const char* why) {
  if (spec != expected) refuse(op, {input, " is ", spec, ", expected ", expected, why});
}

void require_parameter(std::string_view op, const char* input, const Spec& spec, const Shape& shape, DType activation) {
  require_spec(op, input, spec, {shape, parameter_type(activation)});
}

}  // namespace cg
