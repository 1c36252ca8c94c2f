// SPDX-License-Identifier: Apache-2.0
#include "data/files/byte_stream.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <new>
#include <utility>

#include "tensor/error.h"

namespace cg {
namespace {

constexpr std::size_t buffer_bytes = 1 << 16;
constexpr Index best_ratio = 1032;  // of deflate: 258 bytes in two bits

}  // namespace

ByteStream::ByteStream(const std::filesystem::path& path) : name_(path.string()), size_(0) {
  auto input = std::make_shared<InputFile>(open_input(path));
  size_ = input->size;
  source_ = [input, path, at = Index{0}](char* to, std::size_t bytes) mutable {
    const auto n = static_cast<std::size_t>(std::min(static_cast<Index>(bytes), input->size - at));
    read_at(input->file, at, to, n, path);
    at += static_cast<Index>(n);
    return n;
  };
  start();
}

ByteStream::ByteStream(std::string_view bytes, std::string name)
    : name_(std::move(name)), size_(static_cast<Index>(bytes.size())) {
  source_ = [bytes](char* to, std::size_t most) mutable {
    const std::size_t n = bytes.copy(to, most);
    bytes.remove_prefix(n);
    return n;
  };
  start();
}

ByteStream::~ByteStream() {
  if (packed_) inflateEnd(&zlib_);
}

void ByteStream::start() {
  buffer_.resize(buffer_bytes);
  fill();
  packed_ = end_ >= 2 && buffer_[0] == '\x1f' && buffer_[1] == '\x8b';
  if (packed_ && inflateInit2(&zlib_, 16 + MAX_WBITS) != Z_OK) throw std::bad_alloc();
}

Index ByteStream::most() const { return packed_ ? size_ * best_ratio : size_; }

std::size_t ByteStream::fill() {
  begin_ = 0;
  return end_ = source_(buffer_.data(), buffer_.size());
}

void ByteStream::damaged(const std::string& what) const {
  fail(ErrorKind::corrupt, name_, what, "Copy or download the file again.");
}

std::size_t ByteStream::inflate_some(char* to, std::size_t bytes) {
  zlib_.next_out = reinterpret_cast<Bytef*>(to);
  zlib_.avail_out = static_cast<uInt>(std::min<std::size_t>(bytes, 1u << 30));
  const uInt wanted = zlib_.avail_out;
  while (zlib_.avail_out == wanted) {
    if (begin_ == end_ && fill() == 0) {
      if (!member_ended_) damaged("the gzip stream is incomplete");
      return 0;
    }
    if (member_ended_) {  // another stream may follow; padding may too
      if (buffer_[begin_] == '\0' && ignored_ == 0) {
        ++begin_;
        continue;
      }
      if (ignored_ > 0 || buffer_[begin_] != '\x1f') {
        ignored_ += static_cast<Index>(end_ - begin_);
        begin_ = end_;
        continue;
      }
      if (inflateReset(&zlib_) != Z_OK) throw std::bad_alloc();
      member_ended_ = false;
    }
    zlib_.next_in = reinterpret_cast<Bytef*>(buffer_.data() + begin_);
    zlib_.avail_in = static_cast<uInt>(end_ - begin_);
    const int result = inflate(&zlib_, Z_NO_FLUSH);
    begin_ = end_ - zlib_.avail_in;
    if (result == Z_MEM_ERROR) throw std::bad_alloc();
    if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR)
      damaged(fmt::format("the gzip stream is damaged ({})", zlib_.msg ? zlib_.msg : "inflate"));
    member_ended_ = result == Z_STREAM_END;
  }
  return wanted - zlib_.avail_out;
}

std::size_t ByteStream::read_some(char* to, std::size_t bytes) {
  std::size_t done = 0;
  while (done < bytes) {
    std::size_t n = 0;
    if (packed_) {
      n = inflate_some(to + done, bytes - done);
    } else {
      if (begin_ == end_) fill();
      n = std::min(bytes - done, end_ - begin_);
      std::memcpy(to + done, buffer_.data() + begin_, n);
      begin_ += n;
    }
    if (n == 0) break;
    done += n;
  }
  return done;
}

void ByteStream::read(char* to, std::size_t bytes) {
  const std::size_t n = read_some(to, bytes);
  if (n < bytes) damaged(fmt::format("the file is {} bytes too short", bytes - n));
}

void ByteStream::skip(Index bytes) {
  std::vector<char> nowhere(buffer_bytes);
  while (bytes > 0) {
    const auto n = static_cast<std::size_t>(std::min(bytes, static_cast<Index>(nowhere.size())));
    read(nowhere.data(), n);
    bytes -= static_cast<Index>(n);
  }
}

void ByteStream::finish(Index bytes) {
  std::vector<char> nowhere(buffer_bytes);
  while (const std::size_t n = read_some(nowhere.data(), nowhere.size())) {
    bytes -= static_cast<Index>(n);
    if (bytes < 0) damaged("the file contains much more data than its header states");
  }
}

}  // namespace cg
