// SPDX-License-Identifier: Apache-2.0
#include "data/formats/nifti_header.h"

#include <fmt/format.h>
#include <nifti2_io.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "data/files/file_kind.h"
#include "tensor/error.h"

namespace cg::nifti {
namespace {

static_assert(sizeof(nifti_1_header) == short_header && sizeof(nifti_2_header) == long_header);
static_assert(std::endian::native == std::endian::little);

constexpr Index largest_offset = Index{64} << 20;  // bytes of extensions before the voxels
constexpr std::array<int, 10> real_types = {DT_UINT8,  DT_INT8,  DT_INT16,  DT_UINT16,  DT_INT32,
                                            DT_UINT32, DT_INT64, DT_UINT64, DT_FLOAT32, DT_FLOAT64};

struct Name {
  const std::string& file;
  [[noreturn]] void corrupt(const std::string& what) const {
    fail(ErrorKind::corrupt, file, what, "Export the file again, or repair its header.");
  }
  [[noreturn]] void data(const std::string& what, const std::string& fix) const {
    fail(ErrorKind::data, file, what, fix);
  }
};

/// A header in this machine's byte order.
template <class Raw>
Raw in_native_order(std::string_view bytes, int version, bool swapped) {
  Raw raw;
  std::memcpy(&raw, bytes.data(), sizeof raw);
  if (swapped) swap_nifti_header(&raw, version);
  return raw;
}

/// Extents of the one volume.
template <class Raw>
Triple extents(const Raw& raw, const Name& name, const NiftiLimits& limits) {
  const auto rank = static_cast<Index>(raw.dim[0]);
  if (rank < 1 || rank > 7) name.corrupt(fmt::format("{} dimensions, expected 1 to 7", rank));
  Triple out = {1, 1, 1};
  Index voxels = 1, volumes = 1;
  for (Index a = 0; a < rank; ++a) {
    const auto n = static_cast<Index>(raw.dim[a + 1]);
    if (n < 1) name.corrupt(fmt::format("dimension {} has length {}, expected at least 1", a + 1, n));
    Index& product = a < 3 ? voxels : volumes;
    if (__builtin_mul_overflow(product, n, &product)) name.corrupt("the product of the dimensions overflows");
    if (a < 3) out[static_cast<std::size_t>(a)] = n;
  }
  if (volumes != 1)
    name.data(fmt::format("the file contains {} volumes, expected one", volumes),
              "Extract one volume into a file (with FSL: fslroi FILE NEW 0 1).");
  if (voxels > limits.voxels)
    name.data(fmt::format("{} x {} x {} voxels, expected {} at most", out[0], out[1], out[2], limits.voxels),
              "Check that this is the right file, or resample the image to larger voxels.");
  return out;
}

/// As nibabel reads it: a slope of 0 or one that is not finite means that the values are stored as they are.
template <class Raw>
bool is_scaled(const Raw& raw) {
  return std::isfinite(raw.scl_slope) && raw.scl_slope != 0;
}

template <class Raw>
void check_numbers(const Raw& raw, const Name& name) {
  const auto finite = [&](auto values, const char* what) {
    for (const double value : values)
      if (!std::isfinite(value)) name.corrupt(fmt::format("{} in the header is {}", what, value));
  };
  if (is_scaled(raw)) finite(std::array<double, 1>{raw.scl_inter}, "the intensity scale's intercept");
  if (raw.sform_code > 0) {  // then the other descriptions of the position are only compared with it
    for (const auto* row : {raw.srow_x, raw.srow_y, raw.srow_z})
      finite(std::array<double, 4>{row[0], row[1], row[2], row[3]}, "the sform");
  } else {
    finite(std::array<double, 3>{raw.pixdim[1], raw.pixdim[2], raw.pixdim[3]}, "the voxel size");
  }
  if (raw.qform_code > 0 && raw.sform_code <= 0)
    finite(
        std::array<double, 6>{raw.quatern_b, raw.quatern_c, raw.quatern_d, raw.qoffset_x, raw.qoffset_y, raw.qoffset_z},
        "the qform");
  const int unit = XYZT_TO_SPACE(raw.xyzt_units);
  if (unit == NIFTI_UNITS_METER || unit == NIFTI_UNITS_MICRON)
    name.data(
        fmt::format("lengths are in {}, expected millimetres", unit == NIFTI_UNITS_METER ? "metres" : "micrometres"),
        "Store the lengths in millimetres.");
}

/// Errors (corrupt): the voxel axes are in one plane, or the voxel size is not that of a scan.
void check_affine(const Affine& affine, const char* what, const Name& name) {
  for (const double edge : affine.edges())
    if (!(edge > 1e-3 && edge < 1e3)) name.corrupt(fmt::format("{}: a voxel's edge is {:g} mm", what, edge));
  if (affine.is_flat()) name.corrupt(fmt::format("{}: the voxel axes are in one plane", what));
}

template <class Raw>
Affine sform(const Raw& raw) {
  Affine out;
  const std::array rows = {raw.srow_x, raw.srow_y, raw.srow_z};
  for (std::size_t r = 0; r < 3; ++r)
    for (std::size_t c = 0; c < 4; ++c) out.m[r][c] = static_cast<double>(rows[r][c]);
  return out;
}

template <class Raw>
Affine qform(const Raw& raw) {
  const nifti_dmat44 q = nifti_quatern_to_dmat44(
      raw.quatern_b, raw.quatern_c, raw.quatern_d, raw.qoffset_x, raw.qoffset_y, raw.qoffset_z, std::abs(raw.pixdim[1]),
      std::abs(raw.pixdim[2]), std::abs(raw.pixdim[3]), raw.pixdim[0] < 0 ? -1 : 1);
  Affine out;
  for (std::size_t r = 0; r < 3; ++r)
    for (std::size_t c = 0; c < 4; ++c) out.m[r][c] = q.m[r][c];
  return out;
}

/// Whether a qform that is only compared says anything: numbers that are not finite, or edges of 0 mm, do not.
bool is_usable(const Affine& q) {
  for (const auto& row : q.m)
    for (const double value : row)
      if (!std::isfinite(value)) return false;
  for (const double edge : q.edges())
    if (!(edge > 0)) return false;
  return true;
}

/// Describes voxel axes that point in opposite directions, or are perpendicular, in the two forms.
std::string disagreement(const Affine& s, const Affine& q) {
  constexpr const char* ends[3][2] = {{"right", "left"}, {"front", "back"}, {"up", "down"}};
  const Orientation by_s = orientation(s), by_q = orientation(q);
  const auto word = [&](const Orientation& o, std::size_t c) { return ends[o.axis[c]][o.reversed[c]]; };
  const Vector3 se = s.edges(), qe = q.edges();
  std::string out;
  for (std::size_t c = 0; c < 3; ++c) {
    double cosine = 0;
    for (std::size_t r = 0; r < 3; ++r) cosine += s.m[r][c] * q.m[r][c] / (se[c] * qe[c]);
    if (cosine < 0.5 && by_s.letters() != by_q.letters())
      out += fmt::format("{}voxel axis {} points {} by the sform, {} by the qform", out.empty() ? "" : "; ", c + 1,
                         word(by_s, c), word(by_q, c));
  }
  if (!out.empty() && s.determinant() * q.determinant() < 0) out += ": the sform shows the mirror image of the qform";
  return out;
}

template <class Raw>
void place(const Raw& raw, NiftiVolume& about, const Name& name) {
  const bool s = raw.sform_code > 0, q = raw.qform_code > 0;
  Affine& affine = about.spatial.affine;
  for (int a = 1; !s && a <= 3; ++a)
    if (!(raw.pixdim[a] > 0)) name.corrupt(fmt::format("voxel size {} is {} mm, expected above 0", a, raw.pixdim[a]));
  if (s) {
    about.affine_from = NiftiVolume::Source::sform;
    affine = sform(raw);
    check_affine(affine, "sform", name);
  } else if (q) {
    about.affine_from = NiftiVolume::Source::qform;
    affine = qform(raw);
    check_affine(affine, "qform", name);
  } else {
    affine = Affine::scale({raw.pixdim[1], raw.pixdim[2], raw.pixdim[3]}, {});
    check_affine(affine, "voxel sizes", name);
  }
  if (s && q)
    if (const Affine other = qform(raw); is_usable(other)) about.disagreement = disagreement(affine, other);
}

template <class Raw>
Header header(const Raw& raw, bool swapped, const Name& name, const NiftiLimits& limits) {
  constexpr int version = sizeof(Raw) == short_header ? 1 : 2;
  Header out{};
  out.swapped = swapped;
  out.extents = extents(raw, name, limits);
  out.datatype = raw.datatype;
  if (std::find(real_types.begin(), real_types.end(), out.datatype) == real_types.end())
    name.data(fmt::format("the voxels are {} (type {}), expected real numbers", nifti_datatype_string(raw.datatype),
                          raw.datatype),
              "Convert the image to float32.");
  int element = 0, unit = 0;
  nifti_datatype_sizes(raw.datatype, &element, &unit);
  out.element = element;
  if (raw.bitpix != 8 * element)
    name.corrupt(
        fmt::format("{} bits per voxel, but {} has {}", raw.bitpix, nifti_datatype_string(raw.datatype), 8 * element));
  check_numbers(raw, name);
  out.single_file = raw.magic[1] == '+';
  const auto first = static_cast<double>(raw.vox_offset);
  const double least = out.single_file ? sizeof(Raw) + 4 : 0;
  if (!(first >= least && first <= static_cast<double>(largest_offset) && first == std::floor(first)))
    name.corrupt(fmt::format("the voxels start at byte {}, expected {} to {}", first, least, largest_offset));
  out.offset = static_cast<Index>(first);
  out.slope = is_scaled(raw) ? static_cast<double>(raw.scl_slope) : 1;
  out.inter = is_scaled(raw) ? static_cast<double>(raw.scl_inter) : 0;
  place(raw, out.about, name);
  out.about.description.assign(raw.descrip, strnlen(raw.descrip, sizeof raw.descrip));
  out.about.format =
      fmt::format("NIfTI-{}, {}{}", version, nifti_datatype_string(raw.datatype), swapped ? ", big-endian" : "");
  return out;
}

}  // namespace

Header decode(std::string_view bytes, const std::string& file, const NiftiLimits& limits) {
  const Name name{file};
  const std::size_t length = nifti_header_length(bytes);
  if (length == 0) fail_other_kind(file, file_kind(bytes), "a NIfTI file");
  if (bytes.size() < length)
    name.corrupt(fmt::format("the file ends before the end of its header of {} bytes", length));
  std::uint32_t size;
  std::memcpy(&size, bytes.data(), sizeof size);
  const bool swapped = size != length;
  if (length == short_header) {
    const auto raw = in_native_order<nifti_1_header>(bytes, 1, swapped);
    const std::string_view magic(raw.magic, 4);
    if (magic != std::string_view("n+1\0", 4) && magic != std::string_view("ni1\0", 4))
      name.data("an Analyze 7.5 header, or a damaged one: it does not contain the orientation",
                "Convert it to NIfTI with the correct orientation.");
    return header(raw, swapped, name, limits);
  }
  const auto raw = in_native_order<nifti_2_header>(bytes, 2, swapped);
  const std::string_view magic(raw.magic, 8);
  if (magic != std::string_view("n+2\0\r\n\x1a\n", 8) && magic != std::string_view("ni2\0\r\n\x1a\n", 8))
    name.corrupt("the signature of NIfTI-2 is damaged: a program changed the file as if it were text");
  return header(raw, swapped, name, limits);
}

}  // namespace cg::nifti
