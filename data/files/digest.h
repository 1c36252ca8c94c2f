// SPDX-License-Identifier: Apache-2.0
// SHA-256 (FIPS 180-4): names configurations, and detects damaged files.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace cg {

/// The digest of bytes that come in pieces.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;
  void add(std::string_view bytes);
  std::string hex();  ///< 64 lower-case hexadecimal digits; nothing can be added afterwards

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

/// SHA-256 of bytes as 64 lower-case hexadecimal digits.
std::string sha256(std::string_view bytes);

/// SHA-256 of a map's voxels as float32, in the order of the file and before normalisation.
std::string map_digest(std::span<const float> voxels);

/// SHA-256 of a file's bytes from `first` on. Errors: storage, if it cannot be read.
std::string sha256_of_file(const std::string& path, std::int64_t first = 0);

}  // namespace cg
