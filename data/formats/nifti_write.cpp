// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <nifti2_io.h>
#include <zlib.h>

#include <cassert>
#include <cmath>
#include <cstring>
#include <limits>
#include <new>

#include "data/files/storage.h"
#include "data/formats/nifti.h"
#include "tensor/error.h"

namespace cg {
namespace {

constexpr std::size_t voxels_at = 352;  // after the header and four bytes that mean: no extension follows

nifti_1_header header_of(const SpatialVolume& spatial, const std::string& description) {
  nifti_1_header h{};
  h.sizeof_hdr = sizeof h;
  h.regular = 'r';
  h.dim[0] = 3;
  const Vector3 edges = spatial.affine.edges();
  for (std::size_t a = 0; a < 7; ++a) {
    h.dim[a + 1] = a < 3 ? static_cast<short>(spatial.volume.shape[a]) : short{1};
    h.pixdim[a + 1] = a < 3 ? static_cast<float>(edges[a]) : 1;
  }
  h.datatype = DT_FLOAT32;
  h.bitpix = 32;
  h.vox_offset = voxels_at;
  h.scl_slope = 1;
  h.xyzt_units = NIFTI_UNITS_MM;
  description.copy(h.descrip, sizeof h.descrip - 1);
  std::memcpy(h.magic, "n+1", 4);
  nifti_dmat44 q{};
  const std::array rows = {h.srow_x, h.srow_y, h.srow_z};
  for (std::size_t r = 0; r < 3; ++r)
    for (std::size_t c = 0; c < 4; ++c) {
      q.m[r][c] = spatial.affine.m[r][c];
      rows[r][c] = static_cast<float>(spatial.affine.m[r][c]);
    }
  h.sform_code = NIFTI_XFORM_ALIGNED_ANAT;
  q.m[3][3] = 1;
  double b, c, d, x, y, z, dx, dy, dz, handed;
  nifti_dmat44_to_quatern(q, &b, &c, &d, &x, &y, &z, &dx, &dy, &dz, &handed);
  const nifti_dmat44 back = nifti_quatern_to_dmat44(b, c, d, x, y, z, dx, dy, dz, handed);
  double worst = 0;
  for (std::size_t r = 0; r < 3; ++r)
    for (std::size_t k = 0; k < 3; ++k) worst = std::max(worst, std::abs(back.m[r][k] - q.m[r][k]) / edges[k]);
  if (worst < 1e-5) {  // a quaternion can rotate but not shear
    h.qform_code = NIFTI_XFORM_ALIGNED_ANAT;
    h.pixdim[0] = static_cast<float>(handed);
    h.quatern_b = static_cast<float>(b);
    h.quatern_c = static_cast<float>(c);
    h.quatern_d = static_cast<float>(d);
    h.qoffset_x = static_cast<float>(x);
    h.qoffset_y = static_cast<float>(y);
    h.qoffset_z = static_cast<float>(z);
  }
  return h;
}

std::string packed(const std::string& bytes) {
  z_stream zlib{};
  if (deflateInit2(&zlib, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY) != Z_OK) throw std::bad_alloc();
  std::string out(deflateBound(&zlib, bytes.size()), '\0');
  zlib.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));  // only read
  zlib.avail_in = static_cast<uInt>(bytes.size());
  zlib.next_out = reinterpret_cast<Bytef*>(out.data());
  zlib.avail_out = static_cast<uInt>(out.size());
  [[maybe_unused]] const int result = deflate(&zlib, Z_FINISH);
  assert(result == Z_STREAM_END);
  out.resize(zlib.total_out);
  deflateEnd(&zlib);
  return out;
}

}  // namespace

void write_nifti(const std::filesystem::path& path, const SpatialVolume& spatial, const std::string& description) {
  const std::string name = path.string();
  const bool pack = name.ends_with(".nii.gz");
  if (!pack && !name.ends_with(".nii"))
    fail(ErrorKind::usage, name, "expected a name that ends in .nii.gz or .nii", "Change the name.");
  const Shape& shape = spatial.volume.shape;
  assert(shape.size() == 3 && count(shape) == static_cast<Index>(spatial.volume.values.size()));
  for (const Index n : shape)
    if (n > std::numeric_limits<short>::max() || count(shape) > NiftiLimits().voxels)
      fail(ErrorKind::usage, name, fmt::format("{} voxels are too many for this format", to_string(shape)),
           "Crop the map.");
  const nifti_1_header header = header_of(spatial, description);
  std::string bytes(voxels_at + spatial.volume.values.size() * sizeof(float), '\0');
  std::memcpy(bytes.data(), &header, sizeof header);
  char* to = bytes.data() + voxels_at;
  for (Index z = 0; z < shape[2]; ++z)
    for (Index y = 0; y < shape[1]; ++y)
      for (Index x = 0; x < shape[0]; ++x, to += sizeof(float))
        std::memcpy(to, &spatial.volume.values[static_cast<std::size_t>((x * shape[1] + y) * shape[2] + z)],
                    sizeof(float));
  write_atomically(path, pack ? packed(bytes) : bytes);
}

}  // namespace cg
