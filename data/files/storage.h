// SPDX-License-Identifier: Apache-2.0
// Files that survive a crash: whole files that are replaced in one step, logs that grow by whole lines, and the lock of
// a run folder. Every failure is an error of kind storage (exit code 8) that names the file.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "tensor/index.h"

namespace cg {

/// A file descriptor that is closed by its destructor.
class Descriptor {
 public:
  explicit Descriptor(int number = -1) : number_(number) {}
  ~Descriptor();
  Descriptor(Descriptor&& other) noexcept;
  Descriptor& operator=(Descriptor&& other) noexcept;
  int get() const { return number_; }
  int release();  ///< the caller closes it

 private:
  int number_;
};

/// Refuses an output that exists, unless it may be replaced (`--overwrite`). An empty name or folder does not count.
/// Programs call it before their work, for each file that they will write. Errors: in_use.
void require_new(const std::filesystem::path& out, bool overwrite);

/// Refuses two outputs of a command that are one file. Empty names and devices do not count. Errors: usage.
void require_apart(std::span<const std::string> outputs);

/// Whether something is there that can only be written in place: a pipe or a character device (/dev/stdout).
/// Errors (usage): a socket or a disk.
bool is_device(const std::filesystem::path& path);

/// Where a symbolic link, or a chain of them, leads. Other paths as they are.
std::filesystem::path link_target(const std::filesystem::path& path);

/// Writes a file in one step. After a power failure the name holds either the old bytes or all new ones: a temporary
/// file in the same folder, fsync, rename, fsync of the folder. An error leaves no temporary file. Without `replace`, a
/// file that exists is not changed: an error of kind in_use. A symbolic link is replaced, not followed.
void write_atomically(const std::filesystem::path& path, std::string_view bytes, bool replace = true);

/// The same for an output that the user names: a symbolic link stays and its target is written; a device or a pipe is
/// written in place.
void write_output(const std::filesystem::path& path, std::string_view bytes, bool replace);

/// A log that grows by whole lines. They are on the disk when `append` returns.
class AppendFile {
 public:
  explicit AppendFile(const std::filesystem::path& path);  ///< created if it does not exist
  void append(std::string_view lines);
  Index size() const;
  void truncate(Index size);  ///< removes what was appended after this size

 private:
  std::filesystem::path path_;
  Descriptor file_;
};

/// The exclusive lock of a folder, held until destruction. The kernel releases it when the process ends for any reason.
/// Errors: in_use, with the host and process of the holder.
class FolderLock {
 public:
  explicit FolderLock(const std::filesystem::path& folder);

 private:
  Descriptor file_;
};

/// Removes a file if it exists. Errors: storage.
void remove_file(const std::filesystem::path& path);

/// Returns when all changes of names in a folder are on the disk. Errors: storage.
void sync_folder(const std::filesystem::path& folder);

/// Creates a folder and its parents. Errors: storage.
void make_folder(const std::filesystem::path& folder);

}  // namespace cg
