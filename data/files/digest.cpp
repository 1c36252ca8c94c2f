// SPDX-License-Identifier: Apache-2.0
#include "data/files/digest.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <memory>
#include <vector>

#include "tensor/error.h"

namespace cg {
struct Sha256::Context {
  EVP_MD_CTX* of = EVP_MD_CTX_new();
  ~Context() { EVP_MD_CTX_free(of); }
};

static void require(bool ok) {
  if (!ok) fail(ErrorKind::usage, "SHA-256", "libcrypto cannot compute the digest", "Check the OpenSSL installation");
}

Sha256::Sha256() : context_(std::make_unique<Context>()) {
  require(context_->of && EVP_DigestInit_ex(context_->of, EVP_sha256(), nullptr) == 1);
}

Sha256::~Sha256() = default;

void Sha256::add(std::string_view bytes) { require(EVP_DigestUpdate(context_->of, bytes.data(), bytes.size()) == 1); }

std::string Sha256::hex() {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  require(EVP_DigestFinal_ex(context_->of, digest, &size) == 1);
  std::string out;
  for (unsigned i = 0; i < size; ++i) out += fmt::format("{:02x}", digest[i]);
  return out;
}

std::string sha256(std::string_view bytes) {
  Sha256 digest;
  digest.add(bytes);
  return digest.hex();
}

std::string map_digest(std::span<const float> voxels) {
  return sha256({reinterpret_cast<const char*>(voxels.data()), voxels.size_bytes()});
}

std::string sha256_of_file(const std::string& path, std::int64_t first) {
  Sha256 digest;
  std::ifstream in(path, std::ios::binary);
  in.seekg(first);
  std::vector<char> block(1 << 20);
  while (in.read(block.data(), static_cast<std::streamsize>(block.size())) || in.gcount() > 0)
    digest.add({block.data(), static_cast<std::size_t>(in.gcount())});
  if (!in.eof())
    fail(ErrorKind::storage, path, fmt::format("cannot be read: {}", std::strerror(errno)), "Check the path");
  return digest.hex();
}

}  // namespace cg
