// SPDX-License-Identifier: Apache-2.0
#include "data/files/storage.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <set>
#include <utility>

#include "tensor/error.h"

namespace cg {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void storage_error(const fs::path& path, const std::string& doing) {
  const int error = errno;
  std::string fix = "Check the path, its permissions and the disk";
  if (error == ENOSPC || error == EDQUOT || error == EFBIG) fix = "Free some space, or choose another folder";
  if (error == EACCES || error == EROFS || error == EPERM) fix = "Choose a folder that is writable";
  fail(ErrorKind::storage, path.string(), fmt::format("{}: {}", doing, std::strerror(error)), fix);
}

void write_all(int file, std::string_view bytes, const fs::path& path) {
  while (!bytes.empty()) {
    const ssize_t written = write(file, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) storage_error(path, "cannot be written");
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

/// A temporary file. It is deleted unless it was renamed.
struct Temporary {
  std::string name;
  bool kept = false;
  ~Temporary() {
    if (!kept) unlink(name.c_str());
  }
};

[[noreturn]] void refuse_existing(const fs::path& path, const std::string& what) {
  fail(ErrorKind::in_use, path.string(), what, "Give another name, or add --overwrite to replace it");
}

/// Renames in one step. Without `replace`, a file that has appeared under the new name meanwhile stays.
void move_into_place(const std::string& from, const fs::path& to, bool replace) {
  if (!replace) {
    if (renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) return;
    if (errno == EEXIST) refuse_existing(to, "the file exists");
    if (errno != EINVAL && errno != ENOSYS) storage_error(to, "its temporary file cannot be renamed");
    require_new(to, false);  // a file system or kernel that cannot do both in one step
  }
  if (rename(from.c_str(), to.c_str()) != 0) storage_error(to, "its temporary file cannot be renamed");
}

}  // namespace

Descriptor::~Descriptor() {
  if (number_ >= 0) close(number_);
}

Descriptor::Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  std::swap(number_, other.number_);
  return *this;
}

int Descriptor::release() { return std::exchange(number_, -1); }

void require_new(const fs::path& out, bool overwrite) {
  std::error_code none;
  if (out.empty() || is_device(out)) return;
  if (overwrite || !fs::exists(fs::symlink_status(out, none))) return;
  const bool folder = fs::is_directory(out, none);
  if (folder && fs::is_empty(out, none)) return;
  refuse_existing(out, folder ? "the folder exists and is not empty" : "the file exists");
}

void require_apart(std::span<const std::string> outputs) {
  std::set<fs::path> places;
  for (const std::string& out : outputs) {
    if (out.empty() || is_device(out)) continue;
    std::error_code none;
    if (!places.insert(fs::weakly_canonical(link_target(fs::absolute(out, none)), none)).second)
      fail(ErrorKind::usage, out, "two outputs would be written to this file", "Give each output its own name");
  }
}

bool is_device(const fs::path& path) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) return false;
  if (S_ISCHR(status.st_mode) || S_ISFIFO(status.st_mode)) return true;
  if (!S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode))
    fail(ErrorKind::usage, path.string(), "a socket or a disk, expected a file", "Give the name of a file");
  return false;
}

fs::path link_target(const fs::path& path) {
  constexpr int most_links = 40;  // as the kernel
  fs::path out = path;
  std::error_code none;
  for (int k = 0; k < most_links && fs::is_symlink(fs::symlink_status(out, none)); ++k)
    out = out.parent_path() / fs::read_symlink(out, none);
  return out;
}

void write_output(const fs::path& path, std::string_view bytes, bool replace) {
  if (!is_device(path)) return write_atomically(replace ? link_target(path) : path, bytes, replace);
  const Descriptor file(open(path.c_str(), O_WRONLY | O_NOCTTY | O_CLOEXEC));
  if (file.get() < 0) storage_error(path, "cannot be opened");
  write_all(file.get(), bytes, path);
}

void write_atomically(const fs::path& path, std::string_view bytes, bool replace) {
  std::string name = (path.parent_path() / ".tmp-XXXXXX").string();  // short: the name itself may be as long as allowed
  Descriptor file(mkostemp(name.data(), O_CLOEXEC));                 // 0600, O_EXCL: follows no link
  if (file.get() < 0) storage_error(path, "cannot be written");
  Temporary temporary{name};
  write_all(file.get(), bytes, path);
  const mode_t mask = umask(0);
  umask(mask);
  if (fchmod(file.get(), 0666 & ~mask) != 0) storage_error(path, "its permissions cannot be set");
  if (fsync(file.get()) != 0) storage_error(path, "cannot be written to the disk");
  if (close(file.release()) != 0) storage_error(path, "cannot be closed");
  move_into_place(name, path, replace);
  temporary.kept = true;
  sync_folder(path.has_parent_path() ? path.parent_path() : ".");
}

void remove_file(const fs::path& path) {
  std::error_code error;
  fs::remove(path, error);
  if (error) fail(ErrorKind::storage, path.string(), "cannot be removed: " + error.message(), "Choose another folder");
}

void sync_folder(const fs::path& folder) {
  const Descriptor opened(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (opened.get() < 0 || fsync(opened.get()) != 0) storage_error(folder, "cannot be written to the disk");
}

AppendFile::AppendFile(const fs::path& path)
    : path_(path), file_(open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0666)) {
  if (file_.get() < 0) storage_error(path_, "cannot be opened");
}

void AppendFile::append(std::string_view lines) {
  const Index before = size();
  try {
    write_all(file_.get(), lines, path_);
  } catch (const Error&) {
    truncate(before);  // leaves no part of a line
    throw;
  }
  if (fdatasync(file_.get()) != 0) storage_error(path_, "cannot be written to the disk");
}

Index AppendFile::size() const {
  struct stat status {};
  if (fstat(file_.get(), &status) != 0) storage_error(path_, "its size cannot be read");
  return status.st_size;
}

void AppendFile::truncate(Index size) {
  if (ftruncate(file_.get(), size) != 0) storage_error(path_, "cannot be shortened");
}

FolderLock::FolderLock(const fs::path& folder)
    : file_(open((folder / ".lock").c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0666)) {
  if (file_.get() < 0) storage_error(folder / ".lock", "cannot be opened");
  if (flock(file_.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) storage_error(folder / ".lock", "cannot be locked");
    char holder[256] = {};
    if (pread(file_.get(), holder, sizeof holder - 1, 0) < 0) holder[0] = 0;
    fail(ErrorKind::in_use, folder.string(),
         fmt::format("another run is using this folder ({})", holder[0] ? holder : "the run is starting"),
         "Wait until that run ends, or choose another --out");
  }
  char host[128] = {};
  gethostname(host, sizeof host - 1);
  const std::string text = fmt::format("process {} on {}", getpid(), host);
  if (ftruncate(file_.get(), 0) != 0 || pwrite(file_.get(), text.data(), text.size(), 0) < 0)
    storage_error(folder / ".lock", "cannot be written");
}

void make_folder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (!error && fs::is_directory(folder)) return;
  errno = error ? error.value() : ENOTDIR;
  storage_error(folder, "cannot be created");
}

}  // namespace cg
