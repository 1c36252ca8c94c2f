// Bytes of a file or of memory, front to back, unpacked on the way where they are gzip's.
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
  /// How many bytes there can be in all: exact for plain files, by deflate's best ratio for packed ones.
  Index most() const;
  const std::string& name() const { return name_; }

  /// Up to `bytes` bytes; fewer only at the end. Errors: corrupt (a damaged gzip stream), storage.
  std::size_t read_some(char* to, std::size_t bytes);
  /// Errors: corrupt, also where they end before.
  void read(char* to, std::size_t bytes);
  void skip(Index bytes);
  /// Reads on to the end, so that gzip's check sum is looked at. Errors (corrupt): more than `bytes` are left.
  void finish(Index bytes);

 private:
  void start();
  std::size_t fill();
  std::size_t inflate_some(char* to, std::size_t bytes);
  [[noreturn]] void damaged(const std::string& what) const;

  std::string name_;
  std::function<std::size_t(char*, std::size_t)> source_;  ///< the next raw bytes; 0 at the end
  Index size_;                                             ///< of the raw bytes
  std::vector<char> buffer_;
  std::size_t begin_ = 0, end_ = 0;  ///< what the buffer holds
  bool packed_ = false, member_ended_ = false;
  z_stream zlib_{};
};

}  // namespace cg
