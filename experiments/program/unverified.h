// SPDX-License-Identifier: Apache-2.0
// What programs say of an input without digests (data/files/sums.h): damage to it cannot be found.
#pragma once

#include <fmt/format.h>

#include <string>

#include "data/files/sums.h"
#include "experiments/program/program.h"

namespace cg {

/// Says on standard output that a file is not verified, if it is not. Every program calls it for each input that can
/// have digests, as soon as it has read it.
inline void report_unverified(const std::string& path, bool verified) {
  if (!verified) fmt::print("{}: {}\n", printable(path), Sums::absent);
}

}  // namespace cg
