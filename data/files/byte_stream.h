// SPDX-License-Identifier: Apache-2.0
// The bytes of a file or of memory, from first to last. Gzip data is unpacked.
#pragma once

#include <zlib.h>

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "data/files/input_file.h"

namespace cg {

class ByteStream {
 public:
  explicit ByteStream(const std::filesystem::path& path);  ///< errors: as open_input
  ByteStream(std::string_view bytes, std::string name);    ///< `bytes` must outlive the stream
  ~ByteStream();
  ByteStream(const ByteStream&) = delete;
  ByteStream& operator=(const ByteStream&) = delete;

  bool packed() const { return packed_; }
  /// The number of bytes in all: exact for plain files; for packed files the most that deflate's best ratio allows.
  Index most() const;
  const std::string& name() const { return name_; }
  /// Bytes behind the end of the gzip data that were ignored so far, as gzip itself does; padding with 0 not
  /// counted.
  Index ignored() const { return ignored_; }

  /// Reads up to `bytes` bytes; fewer only at the end. Errors: corrupt (a damaged gzip stream), storage.
  std::size_t read_some(char* to, std::size_t bytes);
  /// Reads `bytes` bytes. Errors: as read_some; corrupt: the stream ends before.
  void read(char* to, std::size_t bytes);
  void skip(Index bytes);
  /// Reads to the end, so that gzip's checksum is checked. Errors (corrupt): more than `bytes` bytes are left.
  void finish(Index bytes);

 private:
  void start();
  std::size_t fill();
  std::size_t inflate_some(char* to, std::size_t bytes);
  [[noreturn]] void damaged(const std::string& what) const;

  std::string name_;
  std::function<std::size_t(char*, std::size_t)> source_;  ///< gives the next raw bytes; 0 at the end
  Index size_;                                             ///< of the raw bytes
  std::vector<char> buffer_;
  std::size_t begin_ = 0, end_ = 0;  ///< the unread part of the buffer
  bool packed_ = false, member_ended_ = false;
  Index ignored_ = 0;
  z_stream zlib_{};
};

}  // namespace cg
