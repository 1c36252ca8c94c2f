// SPDX-License-Identifier: Apache-2.0
#include "data/formats/nifti.h"

#include <fmt/format.h>
#include <nifti2_io.h>

#include <memory>

#include "data/files/byte_stream.h"
#include "data/files/file_kind.h"
#include "data/files/raw_numbers.h"
#include "data/formats/nifti_header.h"
#include "tensor/error.h"

namespace cg {
namespace {

namespace fs = std::filesystem;
using nifti::Header;

constexpr Index most_behind = 1 << 20;  // bytes that may follow the voxels in a packed file

/// Converts from the file's order (first axis fastest) to ours (last axis fastest). Float32 without a scale keeps its
/// bits.
template <class T>
std::vector<float> values(const char* raw, const Header& h) {
  const auto [nx, ny, nz] = h.extents;
  const bool plain = h.slope == 1 && h.inter == 0;
  std::vector<float> out(static_cast<std::size_t>(h.voxels()));
  for (Index y = 0; y < ny; ++y)
    for (Index x = 0; x < nx; ++x)
      for (Index z = 0; z < nz; ++z) {
        const T stored = element_at<T>(raw + ((z * ny + y) * nx + x) * static_cast<Index>(sizeof(T)), h.swapped);
        out[static_cast<std::size_t>((x * ny + y) * nz + z)] =
            plain ? static_cast<float>(stored) : static_cast<float>(h.slope * static_cast<double>(stored) + h.inter);
      }
  return out;
}

std::vector<float> values(const char* raw, const Header& h) {
  switch (h.datatype) {
    case DT_UINT8:
      return values<std::uint8_t>(raw, h);
    case DT_INT8:
      return values<std::int8_t>(raw, h);
    case DT_INT16:
      return values<std::int16_t>(raw, h);
    case DT_UINT16:
      return values<std::uint16_t>(raw, h);
    case DT_INT32:
      return values<std::int32_t>(raw, h);
    case DT_UINT32:
      return values<std::uint32_t>(raw, h);
    case DT_INT64:
      return values<std::int64_t>(raw, h);
    case DT_UINT64:
      return values<std::uint64_t>(raw, h);
    case DT_FLOAT64:
      return values<double>(raw, h);
    default:
      return values<float>(raw, h);
  }
}

/// `at`: the number of bytes that were read from the stream before.
NiftiVolume read_voxels(ByteStream& stream, const Header& h, Index at) {
  if (h.offset + h.bytes() > stream.most())
    fail(ErrorKind::corrupt, stream.name(),
         fmt::format("{} x {} x {} voxels need {} bytes, but the file is shorter", h.extents[0], h.extents[1],
                     h.extents[2], h.offset + h.bytes()),
         "Copy or download the file again.");
  stream.skip(h.offset - at);
  const auto bytes = static_cast<std::size_t>(h.bytes());
  const auto raw =
      std::make_unique_for_overwrite<char[]>(bytes);  // not initialised: pages take memory only when they are filled
  stream.read(raw.get(), bytes);
  if (stream.packed()) stream.finish(most_behind);
  NiftiVolume out = h.about;
  out.voxels_in = stream.name();
  if (stream.ignored() > 0)
    out.warning = fmt::format("{} bytes behind the end of the gzip data were ignored", stream.ignored());
  out.spatial.volume = {{h.extents[0], h.extents[1], h.extents[2]}, values(raw.get(), h)};
  return out;
}

/// Reads header and voxels. `image(header)` reads the voxels if they are in another file.
template <class Image>
NiftiVolume read_both(ByteStream& stream, const NiftiLimits& limits, const Image& image) {
  std::string first(nifti::long_header, '\0');
  std::size_t n = stream.read_some(first.data(), nifti::short_header);
  if (nifti_header_length({first.data(), n}) > n) n += stream.read_some(first.data() + n, nifti::long_header - n);
  first.resize(n);
  const Header h = nifti::decode(first, stream.name(), limits);
  if (h.single_file) return read_voxels(stream, h, static_cast<Index>(first.size()));
  return image(h);
}

fs::path replaced(const fs::path& path, const std::string& from, const std::string& to) {
  const std::string text = path.string();
  return text.substr(0, text.size() - from.size()) + to;
}

}  // namespace

NiftiVolume read_nifti(const fs::path& path, const NiftiLimits& limits) {
  fs::path header = path;
  for (const std::string end : {".img", ".img.gz"})
    if (path.string().ends_with(end)) header = replaced(path, end, ".hdr");
  ByteStream stream(header);
  return read_both(stream, limits, [&](const Header& h) {
    fs::path image = path;
    if (header.string().ends_with(".hdr.gz"))
      image = replaced(header, ".hdr.gz", ".img.gz");
    else if (image == header)
      image = replaced(header, ".hdr", ".img");
    std::error_code ignored;  // opening the image reports any other problem
    if (!fs::exists(image, ignored) && fs::exists(image.string() + ".gz", ignored)) image += ".gz";
    if (fs::symlink_status(image, ignored).type() == fs::file_type::not_found)
      fail(ErrorKind::data, header.string(),
           fmt::format("its header says that the voxels are in {}, which does not exist", image.filename().string()),
           "Copy both files, or convert them to one .nii.gz.");
    ByteStream voxels(image);
    return read_voxels(voxels, h, 0);
  });
}

NiftiVolume nifti_of(std::string_view bytes, const std::string& name, const NiftiLimits& limits) {
  ByteStream stream(bytes, name);
  return read_both(stream, limits, [&](const Header&) -> NiftiVolume {
    fail(ErrorKind::data, name, "the voxels of this image are in another file", "Give a .nii or .nii.gz file.");
  });
}

NiftiVolume read_oriented_nifti(const fs::path& path) {
  NiftiVolume read = read_nifti(path);
  if (!read.disagreement.empty())
    fail(ErrorKind::data, path.string(), read.disagreement,
         "Find out which of sform and qform is correct, and copy it over the other (with FSL: fslorient "
         "-copysform2qform FILE).");
  if (read.affine_from == NiftiVolume::Source::none)
    fail(ErrorKind::data, path.string(),
         "the header has neither an sform nor a qform, so which side is left is unknown",
         "Convert the scanner's files again, or set the sform (with FSL: fslorient -setsform FILE).");
  return read;
}

MapFile read_nifti_map(const fs::path& path, const MapFileOptions& /*options*/) {
  NiftiVolume read = read_oriented_nifti(path);
  return {.spatial = std::move(read.spatial),
          .format = std::move(read.format),
          .voxels_in = std::move(read.voxels_in),
          .description = std::move(read.description),
          .warning = std::move(read.warning)};
}

}  // namespace cg
