// Opening what others made: plain files only, so that a pipe cannot hang a program nor a folder confuse it, and paths
// of a table only inside of the folder that it is about.
#pragma once

#include <filesystem>
#include <span>
#include <string>

#include "data/files/storage.h"

namespace cg {

/// A plain file, open for reading.
struct InputFile {
  Descriptor file;
  Index size;  ///< bytes, at least 1
};

/// Errors (data): no such file, a folder, a pipe, a device, unreadable, empty.
InputFile open_input(const std::filesystem::path& path);

/// All of a file. Errors: as open_input; corrupt: larger than `most` bytes; storage: reading fails.
std::string read_input(const std::filesystem::path& path, Index most);

/// Fills `to` from byte `offset` on. Errors (storage): reading fails; (corrupt): the file ends before.
void read_at(const Descriptor& file, Index offset, char* to, std::size_t bytes, const std::filesystem::path& path);

/// Errors (usage): `out` is one of the files that are read; empty names are none.
void require_not_read(const std::filesystem::path& out, std::span<const std::string> read);

/// `root`/`relative`. Errors (data): an absolute path, one with "..", or one whose symbolic links lead out of `root`.
std::filesystem::path inside(const std::filesystem::path& root, const std::filesystem::path& relative);

}  // namespace cg
