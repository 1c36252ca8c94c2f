// SPDX-License-Identifier: Apache-2.0
#include "experiments/program/program.h"

#include <algorithm>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <new>
#include <sstream>

namespace cg {
namespace {

void print_error(const std::string& message, const std::string& label = "error: ") {
  std::istringstream lines(message);
  for (std::string line; std::getline(lines, line);) std::fputs((label + printable(line) + "\n").c_str(), stderr);
}

}  // namespace

std::string printable(std::string text) {
  for (char& c : text)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  return text;
}

int exit_code_of(const std::function<int()>& body) {
  try {
    return body();
  } catch (const Error& error) {
    print_error(error.what(), error.kind() == ErrorKind::interrupted ? "interrupted: " : "error: ");
    return static_cast<int>(error.kind());
  } catch (const std::bad_alloc&) {
    print_error("out of memory. Free some memory; for a run, use a smaller train.batch_size or model.width.");
    return static_cast<int>(ErrorKind::memory);
  } catch (const std::filesystem::filesystem_error& error) {
    print_error(error.what());
    return static_cast<int>(ErrorKind::storage);
  } catch (const std::exception& error) {
    print_error(std::string("internal error: ") + error.what());
    return 1;
  }
}

const std::map<ErrorKind, std::string>& error_kinds() {
  static const std::map<ErrorKind, std::string> kinds = {
      {ErrorKind::usage, "usage, configuration"},
      {ErrorKind::data, "data"},
      {ErrorKind::corrupt, "corrupt or hostile file"},
      {ErrorKind::numbers, "numbers: NaN or infinity"},
      {ErrorKind::memory, "memory"},
      {ErrorKind::device, "device lost or missing"},
      {ErrorKind::storage, "storage"},
      {ErrorKind::in_use, "a file exists or is in use"},
      {ErrorKind::interrupted, "interrupted after saving"},
  };
  return kinds;
}

std::string exit_code_help(const std::vector<ErrorKind>& kinds) {
  constexpr std::size_t columns = 100;
  std::vector<std::string> codes = {"0 done", "1 a fault of the program itself"};
  for (const auto& [kind, words] : error_kinds())
    if (kind == ErrorKind::usage || std::ranges::find(kinds, kind) != kinds.end())
      codes.push_back(std::to_string(static_cast<int>(kind)) + " " + words);
  codes.push_back("128+n killed by signal n");
  std::string out = "\nExit codes:\n", line = " ";
  for (const std::string& code : codes) {
    if (line.size() + 3 + code.size() > columns) {
      out += line + "\n";
      line = " ";
    }
    line += (line.ends_with(' ') ? " " : "   ") + code;
  }
  return out + line;
}

std::string exit_code_help() {
  std::vector<ErrorKind> every;
  for (const auto& [kind, words] : error_kinds()) every.push_back(kind);
  return exit_code_help(every);
}

}  // namespace cg
