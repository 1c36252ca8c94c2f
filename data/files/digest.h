// SPDX-License-Identifier: Apache-2.0
// SHA-256 (FIPS 180-4): names configurations, and detects damaged files.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace cg {

/// SHA-256 of bytes as 64 lower-case hexadecimal digits.
std::string sha256(std::string_view bytes);

/// SHA-256 of a map's voxels as float32, in the order of the file and before normalisation.
std::string map_digest(std::span<const float> voxels);

/// SHA-256 of a file's bytes from `first` on. Errors: storage, if it cannot be read.
std::string sha256_of_file(const std::string& path, std::int64_t first = 0);

}  // namespace cg
