// SPDX-License-Identifier: Apache-2.0
// Reads PNG pictures, for tests of drawings.
#pragma once

#include <cairo.h>

#include <array>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>

namespace cg::test {

class Png {
 public:
  explicit Png(std::string bytes) : bytes_(std::move(bytes)) {
    const auto take = [](void* from, unsigned char* to, unsigned n) {
      auto* self = static_cast<Png*>(from);
      if (self->at_ + n > self->bytes_.size()) return CAIRO_STATUS_READ_ERROR;
      std::memcpy(to, self->bytes_.data() + self->at_, n);
      self->at_ += n;
      return CAIRO_STATUS_SUCCESS;
    };
    surface_ = cairo_image_surface_create_from_png_stream(take, this);
    if (cairo_surface_status(surface_) != CAIRO_STATUS_SUCCESS) throw std::runtime_error("not a PNG");
  }
  ~Png() { cairo_surface_destroy(surface_); }
  Png(const Png&) = delete;
  Png& operator=(const Png&) = delete;

  int width() const { return cairo_image_surface_get_width(surface_); }
  int height() const { return cairo_image_surface_get_height(surface_); }
  /// Red, green, blue of a pixel, from the left and from the top.
  std::array<std::uint8_t, 3> at(int x, int y) const {
    std::uint32_t pixel;
    std::memcpy(&pixel, cairo_image_surface_get_data(surface_) + y * cairo_image_surface_get_stride(surface_) + 4 * x,
                4);
    return {static_cast<std::uint8_t>(pixel >> 16), static_cast<std::uint8_t>(pixel >> 8),
            static_cast<std::uint8_t>(pixel)};
  }
  std::array<std::uint8_t, 3> at(const std::array<double, 2>& place) const {
    return at(static_cast<int>(std::floor(place[0])), static_cast<int>(std::floor(place[1])));
  }

 private:
  std::string bytes_;
  std::size_t at_ = 0;
  cairo_surface_t* surface_ = nullptr;
};

}  // namespace cg::test
