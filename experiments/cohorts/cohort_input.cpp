// SPDX-License-Identifier: Apache-2.0
#include "experiments/cohorts/cohort_input.h"

#include "data/files/file_kind.h"
#include "data/files/input_file.h"
#include "tensor/error.h"

namespace cg {
namespace {

FileKind kind_of(const std::string& path) try {
  return file_kind(beginning(open_input(path), kind_bytes, path));
} catch (const Error&) {
  return FileKind::unknown;
}

}  // namespace

bool is_cohort_file(const std::string& path) {
  const FileKind kind = kind_of(path);
  return kind == FileKind::hdf5 || (kind == FileKind::unknown && (path.ends_with(".h5") || path.ends_with(".hdf5")));
}

}  // namespace cg
