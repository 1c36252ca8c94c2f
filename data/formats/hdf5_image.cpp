// SPDX-License-Identifier: Apache-2.0
#include "data/formats/hdf5_image.h"

namespace cg::hdf5 {
namespace {

/// Callbacks with which the library uses the file's bytes in place, without copies.
void* same_bytes(std::size_t, H5FD_file_image_op_t, void* bytes) { return bytes; }
void* no_copy(void* to, const void*, std::size_t, H5FD_file_image_op_t, void*) { return to; }
void* no_growth(void*, std::size_t, H5FD_file_image_op_t, void*) { return nullptr; }
herr_t no_free(void*, H5FD_file_image_op_t, void*) { return 0; }
void* same_data(void* bytes) { return bytes; }
herr_t keep_data(void*) { return 0; }

}  // namespace

Id open_image(std::string_view bytes) {
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
  H5PLset_loading_state(0);
  const Id access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
  H5Pset_fapl_core(access, 1 << 20, false);
  char* image = const_cast<char*>(bytes.data());  // never written: the file is read-only
  H5FD_file_image_callbacks_t in_place{same_bytes, no_copy, no_growth, no_free, same_data, keep_data, image};
  H5Pset_file_image_callbacks(access, &in_place);
  H5Pset_file_image(access, image, bytes.size());
  return Id(H5Fopen("a file in memory", H5F_ACC_RDONLY, access), H5Fclose);
}

}  // namespace cg::hdf5
