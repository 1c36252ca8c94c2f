// SPDX-License-Identifier: Apache-2.0
// The library reads in a sandboxed process. Here is what both processes say to each other: a question is five texts, an
// answer is the bytes of what a method of hdf5::Content returns.
#include <sys/file.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <map>

#include "data/files/file_kind.h"
#include "data/files/input_file.h"
#include "data/files/mapped_file.h"
#include "data/files/sandbox_server.h"
#include "data/formats/hdf5_content.h"
#include "data/formats/hdf5_file.h"
#include "tensor/error.h"

namespace cg {

using namespace hdf5;

namespace {

/// A question: the method, the names of a dataset or attribute and of an object, and two numbers.
using Question = std::array<std::string, 5>;

std::string joined(const Question& question) {
  std::string text;
  for (const std::string& part : question) text += part + '\0';
  return text;
}

Question split(std::string_view text) {
  Question question;
  for (std::string& part : question) {
    const std::size_t end = text.find('\0');
    part = text.substr(0, end);
    text.remove_prefix(end + 1);
  }
  return question;
}

Index number(const std::string& text) {
  Index value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

// The bytes of an answer, and back.
template <class T>
std::string bytes_of(const std::vector<T>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}
std::string bytes_of(const std::vector<std::string>& texts) {
  std::string bytes;
  for (const std::string& text : texts) bytes += text + '\0';
  return bytes;
}
std::string bytes_of(double value) { return bytes_of(std::vector{value}); }
std::string bytes_of(bool value) { return value ? "1" : ""; }

template <class T>
std::vector<T> values_of(const std::string& bytes) {
  std::vector<T> values(bytes.size() / sizeof(T));
  std::memcpy(values.data(), bytes.data(), values.size() * sizeof(T));
  return values;
}
template <>
std::vector<std::string> values_of(const std::string& bytes) {
  std::vector<std::string> texts;
  for (std::size_t at = 0; at < bytes.size(); at += texts.back().size() + 1) texts.emplace_back(bytes.c_str() + at);
  return texts;
}

/// Answers in the child.
std::string answer(const Content& file, std::string_view text) {
  const auto [method, name, object, first, rows] = split(text);
  if (method == "has_sums") return bytes_of(file.has_sums());
  if (method == "has") return bytes_of(file.has(name));
  if (method == "members") return bytes_of(file.members(name));
  if (method == "shape") return bytes_of(file.shape(name));
  if (method == "numbers") return bytes_of(file.numbers(name));
  if (method == "rows") return bytes_of(file.rows(name, number(first), number(rows)));
  if (method == "holds_text") return bytes_of(file.holds_text(name));
  if (method == "strings") return bytes_of(file.strings(name));
  if (method == "has_attribute") return bytes_of(file.has_attribute(name, object));
  if (method == "number_attribute") return bytes_of(file.number_attribute(name, object));
  return file.text_attribute(name, object);
}

SandboxLimits limits_of(const std::string& path, Index bytes) {
  constexpr Index gigabyte = Index{1} << 30;
  return {path, 3 * gigabyte, 2 * gigabyte, reading_seconds(bytes)};
}

/// A program that writes an HDF5 file holds a lock on it. Some file systems have no locks: then nothing is known.
void check_not_written(const InputFile& input, const std::string& path) {
  const char* use = std::getenv("HDF5_USE_FILE_LOCKING");
  if (use && std::string_view(use) == "FALSE") return;
  if (flock(input.file.get(), LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK)
    fail(ErrorKind::in_use, path, "another program has the file open for writing, for example a notebook",
         "Close the file in that program (in Python: file.close()), and try again.");
}

void check_kind(const InputFile& input, const std::string& path) {
  const FileKind kind = file_kind(beginning(input, kind_bytes, path));
  if (kind != FileKind::hdf5 && kind != FileKind::unknown) fail_other_kind(path, kind, "an HDF5 file");
}

}  // namespace

struct H5Reader::File {
  InputFile input;  ///< keeps the lock on the file
  std::unique_ptr<SandboxServer> server;

  explicit File(const std::string& path) : input(open_input(path)) {
    check_not_written(input, path);
    check_kind(input, path);
    const MappedFile mapped(input, path);  // the child keeps its own copy of the mapping
    const Lock lock(library);              // no other thread uses the library during fork
    server = std::make_unique<SandboxServer>(limits_of(path, input.size), [&] {
      auto content = std::make_shared<Content>(path, mapped.bytes());
      return [content](std::string_view question) { return answer(*content, question); };
    });
  }

  std::string ask(const char* method, const std::string& name, const std::string& object = "", Index first = 0,
                  Index rows = 0) const {
    return server->ask(joined({method, name, object, std::to_string(first), std::to_string(rows)}));
  }
};

H5Reader::H5Reader(const std::string& path) : path_(path), file_(std::make_shared<File>(path)) {}

bool H5Reader::has_sums() const { return !file_->ask("has_sums", "").empty(); }

bool H5Reader::has(const std::string& dataset) const { return !file_->ask("has", dataset).empty(); }

std::vector<std::string> H5Reader::members(const std::string& group) const {
  return values_of<std::string>(file_->ask("members", group));
}

Shape H5Reader::shape(const std::string& dataset) const { return values_of<Index>(file_->ask("shape", dataset)); }

std::vector<double> H5Reader::numbers(const std::string& dataset) const {
  return values_of<double>(file_->ask("numbers", dataset));
}

std::vector<float> H5Reader::rows(const std::string& dataset, Index first, Index rows) const {
  return values_of<float>(file_->ask("rows", dataset, "", first, rows));
}

bool H5Reader::holds_text(const std::string& dataset) const { return !file_->ask("holds_text", dataset).empty(); }

std::vector<std::string> H5Reader::strings(const std::string& dataset) const {
  return values_of<std::string>(file_->ask("strings", dataset));
}

bool H5Reader::has_attribute(const std::string& name, const std::string& object) const {
  return !file_->ask("has_attribute", name, object).empty();
}

double H5Reader::number_attribute(const std::string& name, const std::string& object) const {
  return values_of<double>(file_->ask("number_attribute", name, object)).at(0);
}

std::string H5Reader::text_attribute(const std::string& name, const std::string& object) const {
  return file_->ask("text_attribute", name, object);
}

}  // namespace cg
