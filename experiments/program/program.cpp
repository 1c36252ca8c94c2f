// SPDX-License-Identifier: Apache-2.0
#include "experiments/program/program.h"

#include <cstdio>
#include <exception>
#include <filesystem>
#include <new>
#include <sstream>

#include "tensor/error.h"

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
    print_error("out of memory. Use a smaller train.batch_size or model.width.");
    return static_cast<int>(ErrorKind::memory);
  } catch (const std::filesystem::filesystem_error& error) {
    print_error(error.what());
    return static_cast<int>(ErrorKind::storage);
  } catch (const std::exception& error) {
    print_error(std::string("internal error: ") + error.what());
    return 1;
  }
}

}  // namespace cg
