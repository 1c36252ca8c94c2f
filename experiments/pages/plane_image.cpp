// SPDX-License-Identifier: Apache-2.0
#include "experiments/pages/plane_image.h"

#include <algorithm>
#include <cmath>

#include "experiments/pages/cairo_png.h"
#include "experiments/pages/colour_map.h"

namespace cg {
namespace {

constexpr struct {
  std::size_t right, up;  // axes of the volume
} planes[] = {{1, 2}, {0, 2}, {0, 1}};

std::uint32_t pixel(float value, const PlaneStyle& style) {
  if (value == 0) return 0;
  const double share = std::clamp(static_cast<double>(value) / style.most, 0.0, 1.0);
  const auto grey = static_cast<std::uint8_t>(std::lround(255 * share));
  const Colour c = style.tone == Tone::grey ? Colour{grey, grey, grey} : viridis(share);
  return 0xFF000000u | static_cast<std::uint32_t>(c[0]) << 16 | static_cast<std::uint32_t>(c[1]) << 8 | c[2];
}

}  // namespace

std::string plane_png(const VoxelGrid& grid, std::span<const float> values, Plane plane, const Triple& at,
                      const PlaneStyle& style) {
  const auto [right, up] = planes[static_cast<std::size_t>(plane)];
  const Index width = grid.extents[right], height = grid.extents[up];
  const Surface image(
      cairo_image_surface_create(CAIRO_FORMAT_ARGB32, static_cast<int>(width), static_cast<int>(height)),
      cairo_surface_destroy);
  cairo_surface_flush(image.get());
  for (Index line = 0; line < height; ++line) {
    auto* pixels = reinterpret_cast<std::uint32_t*>(cairo_image_surface_get_data(image.get()) +
                                                    line * cairo_image_surface_get_stride(image.get()));
    for (Index column = 0; column < width; ++column) {
      Triple voxel = at;
      voxel[right] = style.reversed[right] ? width - 1 - column : column;
      voxel[up] = style.reversed[up] ? line : height - 1 - line;
      pixels[column] = pixel(values[grid.at(voxel[0], voxel[1], voxel[2])], style);
    }
  }
  cairo_surface_mark_dirty(image.get());
  return png_of(image);
}

std::string data_address(const std::string& png) {
  constexpr char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out = "data:image/png;base64,";
  for (std::size_t k = 0; k < png.size(); k += 3) {
    std::uint32_t group = 0;
    for (std::size_t b = 0; b < 3; ++b)
      group = group << 8 | (k + b < png.size() ? static_cast<unsigned char>(png[k + b]) : 0u);
    for (std::size_t d = 0; d < 4; ++d) out += k + d <= png.size() ? digits[group >> (18 - 6 * d) & 63] : '=';
  }
  return out;
}

}  // namespace cg
