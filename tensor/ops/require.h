// SPDX-License-Identifier: Apache-2.0
// What the plans of the ops demand of their inputs. Every function throws cg::Error (usage) that names the op, what was
// found and what was expected.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "tensor/error.h"
#include "tensor/tensor.h"

namespace cg {

/// A piece of a message: words, a number, a type or a shape.
struct MessagePart {
  std::string text;
  MessagePart(const char* words) : text(words) {}
  MessagePart(Index number) : text(std::to_string(number)) {}
  MessagePart(DType dtype) : text(name_of(dtype)) {}
  MessagePart(const Shape& shape) : text(to_string(shape)) {}
  MessagePart(const Spec& spec) : text(to_string(spec)) {}
};

/// Throws the error: the parts in a row. `fix`: what to do about it.
[[noreturn]] void refuse(std::string_view op, std::initializer_list<MessagePart> what, std::string fix = "");

/// The spec has `rank` axes, none of them empty.
void require_rank(std::string_view op, const char* input, const Spec& spec, std::size_t rank);

/// The spec has channels last, behind one axis or more; none is empty.
void require_channels(std::string_view op, const char* input, const Spec& spec);

/// The spec is `expected`, `why` (" like the input").
void require_spec(std::string_view op, const char* input, const Spec& spec, const Spec& expected, const char* why = "");

/// A parameter has the shape and the type that goes with activations of type `activation`.
void require_parameter(std::string_view op, const char* input, const Spec& spec, const Shape& shape, DType activation);

}  // namespace cg
