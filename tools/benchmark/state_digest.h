// SPDX-License-Identifier: Apache-2.0
// One digest of everything that training steps change: equal digests are equal bits. benchmark step --digest.
#pragma once

#include <string>

#include "data/files/digest.h"
#include "experiments/training/learner.h"
#include "tensor/backend.h"

namespace cg {

/// SHA-256 of the weights, the statistics of the batch norms and both moments of Adam, in this order.
inline std::string state_digest(const Learner& learner, Backend& backend) {
  Sha256 digest;
  HostBackend memory;
  for (const NamedTensor& part : learner.state()) {
    Tensor host = memory.tensor(part.tensor.spec());
    backend.to_host(part.tensor, host);
    digest.add({reinterpret_cast<const char*>(host.raw()), static_cast<std::size_t>(host.spec().size_bytes())});
  }
  return digest.hex();
}

}  // namespace cg
