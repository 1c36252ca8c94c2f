// SPDX-License-Identifier: Apache-2.0
#include "tensor/error.h"

#include <utility>

namespace cg {
namespace {

std::string with_full_stop(std::string text) {
  if (!text.empty() && text.back() != '.' && text.back() != '?' && text.back() != '\n') text += '.';
  return text;
}

std::string message(const std::string& where, const std::string& what, const std::string& fix) {
  std::string text = where.empty() ? "" : where + ": ";
  text += fix.empty() ? what : with_full_stop(what) + " " + with_full_stop(fix);
  return text;
}

}  // namespace

Error::Error(ErrorKind kind, std::string where, std::string what, std::string fix)
    : std::runtime_error(message(where, what, fix)),
      kind_(kind),
      where_(std::move(where)),
      found_(std::move(what)),
      fix_(std::move(fix)) {}

void fail(ErrorKind kind, std::string where, std::string what, std::string fix) {
  throw Error(kind, std::move(where), std::move(what), std::move(fix));
}

}  // namespace cg
