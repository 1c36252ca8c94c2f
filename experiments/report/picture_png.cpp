// SPDX-License-Identifier: Apache-2.0
#include "experiments/report/picture_png.h"

#include <cmath>
#include <numbers>

#include "experiments/pages/cairo_png.h"
#include "tensor/error.h"

namespace cg {
namespace {

class Painter {
 public:
  explicit Painter(cairo_t* pen) : pen_(pen) {}

  void operator()(const Path& path) {
    cairo_new_path(pen_);
    for (const Point& p : path.points) cairo_line_to(pen_, p[0], p[1]);
    if (path.closed) cairo_close_path(pen_);
    const double dashes[] = {5, 4};
    cairo_set_dash(pen_, dashes, path.dashed ? 2 : 0, 0);
    paint(path.fill, path.stroke, path.width);
    cairo_set_dash(pen_, dashes, 0, 0);
  }

  void operator()(const Disc& disc) {
    cairo_new_path(pen_);
    cairo_arc(pen_, disc.at[0], disc.at[1], disc.radius, 0, 2 * std::numbers::pi);
    paint(disc.fill, disc.stroke, 1.5);
  }

  void operator()(const Label& label) {
    cairo_save(pen_);
    cairo_translate(pen_, label.at[0], label.at[1]);
    if (label.upwards) cairo_rotate(pen_, -std::numbers::pi / 2);
    cairo_select_font_face(pen_, "sans-serif", CAIRO_FONT_SLANT_NORMAL,
                           label.bold ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL);
    cairo_set_font_size(pen_, label.size);
    cairo_text_extents_t extents;
    cairo_text_extents(pen_, label.text.c_str(), &extents);
    const double shares[] = {0, 0.5, 1};
    cairo_move_to(pen_, -shares[static_cast<std::size_t>(label.anchor)] * extents.x_advance, 0);
    colour(label.paint);
    cairo_show_text(pen_, label.text.c_str());
    cairo_restore(pen_);
  }

 private:
  void colour(const Paint& paint) {
    const Colour c = paint.colour ? *paint.colour : light_colour(paint.role);
    cairo_set_source_rgba(pen_, c[0] / 255.0, c[1] / 255.0, c[2] / 255.0, paint.opacity);
  }

  void paint(const std::optional<Paint>& fill, const std::optional<Paint>& stroke, double width) {
    if (fill) {
      colour(*fill);
      cairo_fill_preserve(pen_);
    }
    if (stroke) {
      colour(*stroke);
      cairo_set_line_width(pen_, width);
      cairo_stroke_preserve(pen_);
    }
    cairo_new_path(pen_);
  }

  cairo_t* pen_;
};

}  // namespace

std::string png_file(const Picture& picture, double scale) {
  const auto pixels = [&](double length) { return static_cast<int>(std::lround(length * scale)); };
  const Surface surface(cairo_image_surface_create(CAIRO_FORMAT_RGB24, pixels(picture.width), pixels(picture.height)),
                        cairo_surface_destroy);
  const Pen pen(cairo_create(surface.get()), cairo_destroy);
  cairo_set_source_rgb(pen.get(), 1, 1, 1);
  cairo_paint(pen.get());
  cairo_scale(pen.get(), scale, scale);
  Painter painter(pen.get());
  for (const Shape2d& shape : picture.shapes) std::visit(painter, shape);
  if (const cairo_status_t status = cairo_status(pen.get()); status != CAIRO_STATUS_SUCCESS)
    fail(ErrorKind::data, "picture", cairo_status_to_string(status), "Use UTF-8 in the study's texts");
  return png_of(surface);
}

}  // namespace cg
