// SPDX-License-Identifier: Apache-2.0
// Versions of cuDNN that give wrong results are refused.
#pragma once

#include <fmt/format.h>

#include <cstddef>
#include <string>

#include "tensor/error.h"

namespace cg::cuda {

/// As text: 91900 → "9.19.0".
inline std::string cudnn_version_name(std::size_t version) {
  return fmt::format("{}.{}.{}", version / 10000, version % 10000 / 100, version % 100);
}

/// Why a version is refused, as text; empty if it is used. Versions before 9.16: from 9.8 on their 3D convolutions in
/// bfloat16 were wrong (pytorch/pytorch#163539), from 9.10.2 on those in TF32 (pytorch/pytorch#167024); older ones
/// cannot plan without a device.
inline std::string why_faulty(std::size_t version) {
  constexpr std::size_t first_sound = 91600;
  if (version >= first_sound) return "";
  return fmt::format("cuDNN {} is installed, whose 3D convolutions give wrong results; {} or newer is needed",
                     cudnn_version_name(version), cudnn_version_name(first_sound));
}

/// Errors (device) for a faulty version.
inline void refuse_faulty_cudnn(std::size_t version) {
  if (const std::string why = why_faulty(version); !why.empty())
    fail(ErrorKind::device, "cuda", why, "Install a newer cuDNN, or use --device cpu.");
}

}  // namespace cg::cuda
