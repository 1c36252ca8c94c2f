// Files that survive a crash: whole files replaced in one step, logs that grow by whole lines, and the lock of a run
// folder. Every failure is an error of kind storage (exit code 8) that names the file.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "tensor/index.h"

namespace cg {

/// A file descriptor that closes itself.
class Descriptor {
 public:
  explicit Descriptor(int number = -1) : number_(number) {}
  ~Descriptor();
  Descriptor(Descriptor&& other) noexcept;
  Descriptor& operator=(Descriptor&& other) noexcept;
  int get() const { return number_; }
  int release();  ///< gives it up: the caller closes

 private:
  int number_;
};

/// Writes a file so that its name holds the old bytes or all of the new ones, whenever the power fails: a temporary
/// file in the same folder, fsync, rename, fsync of the folder. Nothing temporary is left behind on an error.
void write_atomically(const std::filesystem::path& path, std::string_view bytes);

/// A log that grows by whole lines, each on the disk when `append` returns.
class AppendFile {
 public:
  explicit AppendFile(const std::filesystem::path& path);  ///< made if it is not there
  void append(std::string_view lines);
  Index size() const;
  void truncate(Index size);  ///< forgets what was appended after the file had this size

 private:
  std::filesystem::path path_;
  Descriptor file_;
};

/// The exclusive lock of a folder, held until destruction; the kernel frees it when the process dies, however it dies.
/// Errors: in_use, naming host and process of the holder.
class FolderLock {
 public:
  explicit FolderLock(const std::filesystem::path& folder);

 private:
  Descriptor file_;
};

/// Makes a folder and those above it. Errors: storage.
void make_folder(const std::filesystem::path& folder);

}  // namespace cg
