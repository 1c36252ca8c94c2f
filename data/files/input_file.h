// SPDX-License-Identifier: Apache-2.0
// Opens input files, which may be damaged or malicious. Only plain files: a program could wait for ever for a pipe.
// Paths in a table must stay in the folder of the table's cohort.
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

/// Errors (data): no such file, a link whose content was not fetched, a folder, a pipe, a device, not readable, empty.
InputFile open_input(const std::filesystem::path& path);

/// The whole file. Errors: as open_input; corrupt: larger than `most` bytes; storage: reading fails.
std::string read_input(const std::filesystem::path& path, Index most);

/// Fills `to` with the bytes from `offset` on. Errors: storage: reading fails; corrupt: the file is too short.
void read_at(const Descriptor& file, Index offset, char* to, std::size_t bytes, const std::filesystem::path& path);

/// The first `most` bytes, or the whole of a shorter file. Errors: as read_at.
std::string beginning(const InputFile& input, std::size_t most, const std::filesystem::path& path);

/// Errors (usage): `out` is one of the files in `read`, or the other file of a pair .hdr and .img. Empty names are
/// ignored.
void require_not_read(const std::filesystem::path& out, std::span<const std::string> read);

/// `root`/`relative`. Symbolic links may lead into git-annex's objects of a repository that contains `root`. Errors
/// (data): an absolute path, one with "..", or one whose links lead out of `root` to another place.
std::filesystem::path inside(const std::filesystem::path& root, const std::filesystem::path& relative);

}  // namespace cg
