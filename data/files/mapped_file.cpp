// SPDX-License-Identifier: Apache-2.0
#include "data/files/mapped_file.h"

#include <fmt/format.h>
#include <sys/mman.h>

#include <cerrno>
#include <cstring>

#include "tensor/error.h"

namespace cg {

MappedFile::MappedFile(const InputFile& input, const std::filesystem::path& path)
    : size_(static_cast<std::size_t>(input.size)) {
  void* memory = mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, input.file.get(), 0);
  if (memory == MAP_FAILED)
    fail(ErrorKind::storage, path.string(), fmt::format("reading failed: {}", std::strerror(errno)),
         "Check the disk or the network.");
  bytes_ = {static_cast<const char*>(memory), [size = size_, memory](const char*) { munmap(memory, size); }};
}

}  // namespace cg
