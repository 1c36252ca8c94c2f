// SPDX-License-Identifier: Apache-2.0
// Cairo's objects, and a surface as a PNG file.
#pragma once

#include <cairo.h>

#include <memory>
#include <string>

namespace cg {

using Surface = std::unique_ptr<cairo_surface_t, decltype(&cairo_surface_destroy)>;
using Pen = std::unique_ptr<cairo_t, decltype(&cairo_destroy)>;

/// The bytes of a PNG file.
inline std::string png_of(const Surface& surface) {
  std::string bytes;
  const auto append = [](void* to, const unsigned char* from, unsigned n) {
    static_cast<std::string*>(to)->append(reinterpret_cast<const char*>(from), n);
    return CAIRO_STATUS_SUCCESS;
  };
  cairo_surface_write_to_png_stream(surface.get(), append, &bytes);
  return bytes;
}

}  // namespace cg
