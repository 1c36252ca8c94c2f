// SPDX-License-Identifier: Apache-2.0
#include "data/files/input_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "tensor/error.h"

namespace cg {

namespace fs = std::filesystem;

/// A link that leads nowhere is not "no such file": the user sees the file in the folder.
[[noreturn]] static void refuse_absent(const fs::path& path) {
  std::error_code none;
  const fs::path target = fs::read_symlink(path, none);
  if (none) fail(ErrorKind::data, path.string(), "no such file", "Check the name and the folder.");
  if (target.string().find(".git/annex/objects") != std::string::npos)
    fail(ErrorKind::data, path.string(), "a git-annex (DataLad) link: the content of the file was not downloaded",
         fmt::format("Download the content: datalad get {0}, or git annex get {0}.", path.filename().string()));
  fail(ErrorKind::data, path.string(), fmt::format("a symbolic link to {}, which does not exist", target.string()),
       "Correct the link.");
}

/// The content of a file that git-annex manages is in its repository's .git/annex/objects, which may be above a cohort
/// that is a subfolder of the repository.
static bool is_annexed(const fs::path& home, const fs::path& real) {
  for (fs::path above = home; above != above.root_path(); above = above.parent_path()) {
    const fs::path objects = above / ".git" / "annex" / "objects";
    if (std::mismatch(objects.begin(), objects.end(), real.begin(), real.end()).first == objects.end()) return true;
  }
  return false;
}

InputFile open_input(const fs::path& path) {
  const auto refuse = [&](const std::string& what, const std::string& fix) {
    fail(ErrorKind::data, path.string(), what, fix);
  };
  Descriptor file(
      open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));  // does not wait for the other end of a pipe
  if (file.get() < 0 && errno == ENOENT) refuse_absent(path);
  if (file.get() < 0) refuse(fmt::format("cannot be read: {}", std::strerror(errno)), "Check its permissions.");
  struct stat status {};
  if (fstat(file.get(), &status) != 0)
    fail(ErrorKind::storage, path.string(), fmt::format("its type and size cannot be read: {}", std::strerror(errno)),
         "Check the disk.");
  if (S_ISDIR(status.st_mode)) refuse("a folder, expected a file", "Give the name of a file in this folder.");
  if (!S_ISREG(status.st_mode))
    refuse("a pipe or a device, expected a plain file", "Copy its content into a file, and give that file.");
  if (status.st_size == 0) refuse("the file is empty", "Copy or download the file again.");
  return {std::move(file), status.st_size};
}

void read_at(const Descriptor& file, Index offset, char* to, std::size_t bytes, const fs::path& path) {
  while (bytes > 0) {
    const ssize_t n = pread(file.get(), to, bytes, offset);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0)
      fail(ErrorKind::storage, path.string(), fmt::format("reading failed: {}", std::strerror(errno)),
           "Check the disk or the network.");
    if (n == 0)
      fail(ErrorKind::corrupt, path.string(),
           fmt::format("the file ends at byte {}, {} bytes too early", offset, bytes),
           "Copy or download the file again.");
    offset += n;
    to += n;
    bytes -= static_cast<std::size_t>(n);
  }
}

std::string read_input(const fs::path& path, Index most) {
  const InputFile input = open_input(path);
  if (input.size > most)
    fail(ErrorKind::corrupt, path.string(), fmt::format("the file has {} bytes, expected at most {}", input.size, most),
         "Check that this is the right file.");
  std::string text(static_cast<std::size_t>(input.size), '\0');
  read_at(input.file, 0, text.data(), text.size(), path);
  return text;
}

std::string beginning(const InputFile& input, std::size_t most, const fs::path& path) {
  std::string bytes(std::min(most, static_cast<std::size_t>(input.size)), '\0');
  read_at(input.file, 0, bytes.data(), bytes.size(), path);
  return bytes;
}

void require_not_read(const fs::path& out, std::span<const std::string> read) {
  const auto is = [&](const fs::path& input) {
    std::error_code missing;
    return fs::equivalent(out, input, missing);
  };
  for (const fs::path input : read) {
    const bool is_pair = input.extension() == ".hdr" || input.extension() == ".img";  // header and voxels of a NIfTI
    if (is(input) ||
        (is_pair && (is(fs::path(input).replace_extension("hdr")) || is(fs::path(input).replace_extension("img")))))
      fail(ErrorKind::usage, out.string(), "the output would replace an input file",
           "Give another name for the output.");
  }
}

fs::path inside(const fs::path& root, const fs::path& relative) {
  const auto refuse = [&](const std::string& what) {
    fail(ErrorKind::data, relative.string(), what, fmt::format("Keep the cohort's files in {}.", root.string()));
  };
  if (relative.empty()) refuse("the path is empty");
  if (relative.is_absolute()) refuse("an absolute path, expected a path relative to the cohort's folder");
  if (relative.string().find('\0') != std::string::npos) refuse("the path contains a byte that is 0");
  for (const fs::path& part : relative)
    if (part == "..") refuse("\"..\" in the path leads out of the cohort's folder");
  std::error_code error;
  const fs::path home = fs::weakly_canonical(root, error), real = fs::weakly_canonical(root / relative, error);
  if (error) refuse(fmt::format("the path cannot be followed: {}", error.message()));
  const bool is_below = std::mismatch(home.begin(), home.end(), real.begin(), real.end()).first == home.end();
  if (!is_below && !is_annexed(home, real))
    refuse(fmt::format("a symbolic link in the path leads out of the cohort's folder, to {}", real.string()));
  return real;
}

}  // namespace cg
