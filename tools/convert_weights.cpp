// SPDX-License-Identifier: Apache-2.0
// Converts weights between file formats, HDF5 and safetensors. A file is read by its first bytes, and written by the
// ending of its name (.h5, .hdf5, .safetensors).
//   convert_weights runs/quickstart-…/model.h5 model.safetensors
//   convert_weights published.safetensors --list
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <array>

#include "data/files/digest.h"
#include "data/files/input_file.h"
#include "data/files/storage.h"
#include "data/files/sums.h"
#include "data/formats/weights_file.h"
#include "experiments/program/command_line.h"
#include "experiments/program/unverified.h"
#include "tensor/error.h"

namespace {

using namespace cg;

constexpr const char* examples = R"(
Examples:
  convert_weights model.h5 model.safetensors
  convert_weights model.safetensors --list
)";

void print_list(const std::string& bytes, const WeightsFile& file) {
  fmt::print("SHA-256 {}\n", sha256(bytes));
  fmt::print("{}\n", file.verified ? "verified: its content has the digests in the file" : Sums::absent);
  for (const auto& [name, text] : file.texts)
    fmt::print("{} = {}\n", printable(name), printable(text.size() > 60 ? text.substr(0, 57) + "..." : text));
  for (const NamedArray& array : file.arrays) fmt::print("{:<50} {}\n", printable(array.name), to_string(array.shape));
}

void warn_of_unread(const WeightsFile& file) {
  for (const ArrayHeader& array : file.unread)
    fmt::print(stderr, "warning: \"{}\" does not contain numbers and is skipped\n", printable(array.name));
}

int run(const std::string& from, const std::string& to, bool list, bool overwrite) {
  if (!list) weights_format(to);  // before the work
  if (!list) require_not_read(to, std::array{from});
  if (!list) require_new(to, overwrite);
  const std::string bytes = weights_input(from);
  const auto numbers = [](const ArrayHeader& array) { return !array.type.empty(); };
  const WeightsFile file = read_weights(from, bytes, {numbers, bound_of_values(bytes)});
  warn_of_unread(file);
  if (list) {
    print_list(bytes, file);
    return 0;
  }
  report_unverified(from, file.verified);  // the new file gets digests of what was read
  const std::string out = weights_bytes(weights_format(to), file.arrays, file.texts);
  write_output(to, out, overwrite);
  fmt::print("{}: {} arrays, SHA-256 {}\n", to, file.arrays.size(), sha256(out));
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Converts weights between HDF5 and safetensors; 64- and 16-bit floats become 32-bit floats.",
               "convert_weights");
  std::string from, to;
  bool list = false, overwrite = false;
  app.add_option("FROM", from, "weights in HDF5 or safetensors")->required();
  app.add_option("TO", to, "the file to write: .h5, .hdf5 or .safetensors");
  add_overwrite(app, overwrite);
  app.add_flag("--list", list, "print the content of FROM and write nothing");
  app.footer(examples + exit_code_help({ErrorKind::data, ErrorKind::corrupt, ErrorKind::memory, ErrorKind::storage,
                                        ErrorKind::in_use}));
  return run_program(app, argc, argv, [&] {
    if (to.empty() && !list)
      fail(ErrorKind::usage, "command line", "no output file is given", "Give an output file, or add --list");
    return run(from, to, list, overwrite);
  });
}
