// SPDX-License-Identifier: Apache-2.0
// A file's bytes as memory. A page of the file is read when it is touched, so that a large file takes little memory.
#pragma once

#include <filesystem>
#include <memory>
#include <string_view>

#include "data/files/input_file.h"

namespace cg {

class MappedFile {
 public:
  /// Errors: storage, if the file cannot be mapped.
  MappedFile(const InputFile& input, const std::filesystem::path& path);

  /// Reading them raises SIGBUS if the file becomes shorter meanwhile: do it in a sandbox.
  std::string_view bytes() const { return {bytes_.get(), size_}; }

 private:
  std::size_t size_;
  std::shared_ptr<const char> bytes_;
};

}  // namespace cg
