// SPDX-License-Identifier: Apache-2.0
#include "experiments/pages/volume_picture.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <cmath>

#include "experiments/pages/cairo_png.h"
#include "experiments/pages/colour_map.h"
#include "tensor/error.h"

namespace cg {
namespace {

constexpr double margin = 24, gap = 28, head = 84, row_head = 26, foot = 52, bar_gap = 36, bar_width = 16,
                 bar_room = 64;
constexpr double wanted_width = 1000;  // of the three planes together, in pixels, at a whole number of pixels per voxel
constexpr Colour ink = {40, 40, 40}, quiet = {110, 110, 110}, paper = {255, 255, 255}, empty = {240, 240, 240},
                 warning = {176, 0, 32}, middle_grey = {110, 110, 110};

/// The axes of the volume in a plane: to the right, and up.
struct PlaneAxes {
  std::size_t across, right, up;
  const char* name;
};
constexpr PlaneAxes planes[] = {{0, 1, 2, "sagittal"}, {1, 0, 2, "coronal"}, {2, 0, 1, "axial"}};
constexpr const char* axis_names[] = {"x", "y", "z"};
constexpr const char* axis_ends[][2] = {{"L", "R"}, {"P", "A"}, {"I", "S"}};

/// A grey that is neither black nor white, so that colours over it are visible.
Colour grey_of(double t) { return interpolate({35, 35, 35}, {215, 215, 215}, std::clamp(t, 0.0, 1.0)); }

const PlaneAxes& axes(Plane plane) { return planes[static_cast<std::size_t>(plane)]; }

/// The positions of all parts, in pixels.
struct Layout {
  double zoom;  // pixels per voxel
  double width, height, row_height;
  std::array<double, 3> left, top;  // of each plane; `top` relative to the row

  explicit Layout(const VolumePicture& p) {
    const Triple& n = p.grid.extents;
    zoom = std::max(1.0, std::floor(wanted_width / static_cast<double>(n[1] + 2 * n[0])));
    row_height = zoom * static_cast<double>(std::max(n[1], n[2]));
    double x = margin;
    for (std::size_t k = 0; k < 3; ++k) {
      left[k] = x;
      top[k] = std::floor((row_height - zoom * static_cast<double>(n[planes[k].up])) / 2);
      x += zoom * static_cast<double>(n[planes[k].right]) + gap;
    }
    width = x - gap + bar_gap + bar_width + bar_room;
    height = head + static_cast<double>(p.rows.size()) * (row_head + row_height) + foot;
  }
  double bar_left() const { return width - bar_room - bar_width; }
  double row_top(std::size_t row) const { return head + row_head + static_cast<double>(row) * (row_head + row_height); }
};

struct Text {
  double x, y, size;
  double anchor = 0;  ///< the share of the text to the left of x
  Colour colour = ink;
  bool bold = false;
};

class Drawing {
 public:
  explicit Drawing(const VolumePicture& picture)
      : picture_(picture),
        layout_(picture),
        surface_(cairo_image_surface_create(CAIRO_FORMAT_RGB24, static_cast<int>(layout_.width),
                                            static_cast<int>(layout_.height)),
                 cairo_surface_destroy),
        pen_(cairo_create(surface_.get()), cairo_destroy) {}

  std::string png() {
    colour(paper);
    cairo_paint(pen_.get());
    write(picture_.title, {.x = margin, .y = 36, .size = 20});
    write(picture_.note, {.x = margin, .y = 62, .size = 14, .colour = warning});
    for (std::size_t row = 0; row < picture_.rows.size(); ++row) {
      write(picture_.rows[row].label, {.x = margin, .y = layout_.row_top(row) - 8, .size = 15, .bold = true});
      for (const Plane plane : {Plane::sagittal, Plane::coronal, Plane::axial}) draw_plane(row, plane);
    }
    draw_captions();
    draw_bars();
    if (const cairo_status_t status = cairo_status(pen_.get()); status != CAIRO_STATUS_SUCCESS)
      fail(ErrorKind::data, "picture", cairo_status_to_string(status), "Use UTF-8 in the cohort file's texts.");
    return png_of(surface_);
  }

 private:
  void colour(const Colour& c) { cairo_set_source_rgb(pen_.get(), c[0] / 255.0, c[1] / 255.0, c[2] / 255.0); }

  void write(std::string text, const Text& at) {
    for (char& c : text)
      if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
    cairo_select_font_face(pen_.get(), "sans-serif", CAIRO_FONT_SLANT_NORMAL,
                           at.bold ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL);
    cairo_set_font_size(pen_.get(), at.size);
    cairo_text_extents_t extents;
    cairo_text_extents(pen_.get(), text.c_str(), &extents);
    colour(at.colour);
    cairo_move_to(pen_.get(), std::round(at.x - at.anchor * extents.x_advance), std::round(at.y));
    cairo_show_text(pen_.get(), text.c_str());
  }

  Colour colour_of(const PictureRow& row, std::size_t voxel) const {
    const auto value = static_cast<double>(row.values[voxel]), most = row.most > 0 ? row.most : picture_.most;
    if (row.under.empty()) return value == 0 ? empty : viridis(value / most);
    const auto below = static_cast<double>(row.under[voxel]);
    return below == 0 ? empty : warm_or_cold(value / most, grey_of(below / row.under_most));
  }

  void draw_plane(std::size_t row, Plane plane);
  void draw_ends(std::size_t row, Plane plane);
  void draw_captions();
  void draw_bars();
  void draw_bar(double top, double bottom, double most, bool has_sign, const std::string& unit);

  const VolumePicture& picture_;
  Layout layout_;
  Surface surface_;
  Pen pen_;
};

/// Draws pixel by pixel, so that a voxel is a square of one colour.
void Drawing::draw_plane(std::size_t row, Plane plane) {
  const PlaneAxes& a = axes(plane);
  const Triple& n = picture_.grid.extents;
  const int width = static_cast<int>(n[a.right]), height = static_cast<int>(n[a.up]);
  const Surface image(cairo_image_surface_create(CAIRO_FORMAT_RGB24, width, height), cairo_surface_destroy);
  cairo_surface_flush(image.get());
  for (int line = 0; line < height; ++line) {
    auto* pixels = reinterpret_cast<std::uint32_t*>(cairo_image_surface_get_data(image.get()) +
                                                    line * cairo_image_surface_get_stride(image.get()));
    for (int column = 0; column < width; ++column) {
      Triple voxel = picture_.at;
      voxel[a.right] = picture_.reversed[a.right] ? width - 1 - column : column;
      voxel[a.up] = picture_.reversed[a.up] ? line : height - 1 - line;
      const Colour c = colour_of(picture_.rows[row], picture_.grid.at(voxel[0], voxel[1], voxel[2]));
      pixels[column] = static_cast<std::uint32_t>(c[0]) << 16 | static_cast<std::uint32_t>(c[1]) << 8 | c[2];
    }
  }
  cairo_surface_mark_dirty(image.get());
  const auto k = static_cast<std::size_t>(plane);
  cairo_save(pen_.get());
  cairo_translate(pen_.get(), layout_.left[k], layout_.row_top(row) + layout_.top[k]);
  cairo_scale(pen_.get(), layout_.zoom, layout_.zoom);
  cairo_set_source_surface(pen_.get(), image.get(), 0, 0);
  cairo_pattern_set_filter(cairo_get_source(pen_.get()), CAIRO_FILTER_NEAREST);
  cairo_paint(pen_.get());
  cairo_restore(pen_.get());
  draw_ends(row, plane);
}

/// Draws the letters of the directions, and ticks outside where the other two planes cut this one.
void Drawing::draw_ends(std::size_t row, Plane plane) {
  const PlaneAxes& a = axes(plane);
  const auto k = static_cast<std::size_t>(plane);
  const double left = layout_.left[k], top = layout_.row_top(row) + layout_.top[k],
               right = left + layout_.zoom * static_cast<double>(picture_.grid.extents[a.right]),
               bottom = top + layout_.zoom * static_cast<double>(picture_.grid.extents[a.up]);
  const Text letter{.x = 0, .y = 0, .size = 13, .anchor = 0.5, .colour = quiet, .bold = true};
  const auto end = [&](std::size_t axis, int high, double x, double y) {
    Text text = letter;
    text.x = x;
    text.y = y + 5;
    write(axis_ends[axis][high], text);
  };
  end(a.right, 0, left + 10, (top + bottom) / 2);
  end(a.right, 1, right - 10, (top + bottom) / 2);
  end(a.up, 1, (left + right) / 2, top + 11);
  end(a.up, 0, (left + right) / 2, bottom - 11);
  const auto [x, y] = pixel_of(picture_, row, plane, picture_.at);
  colour(quiet);
  cairo_set_line_width(pen_.get(), 1);
  const auto tick = [&](double x0, double y0, double dx, double dy) {
    cairo_move_to(pen_.get(), std::floor(x0) + 0.5, std::floor(y0) + 0.5);
    cairo_rel_line_to(pen_.get(), dx, dy);
    cairo_stroke(pen_.get());
  };
  tick(x, top - 7, 0, 5);
  tick(x, bottom + 2, 0, 5);
  tick(left - 7, y, 5, 0);
  tick(right + 2, y, 5, 0);
}

/// Draws, under the last row, the name of each plane and a length of 50 mm.
void Drawing::draw_captions() {
  const double y = layout_.row_top(picture_.rows.size() - 1) + layout_.row_height + 26;
  for (std::size_t k = 0; k < 3; ++k) {
    const double width = layout_.zoom * static_cast<double>(picture_.grid.extents[planes[k].right]);
    const std::size_t across = planes[k].across;
    write(fmt::format("{}, {} = {}", planes[k].name, axis_names[across], picture_.at[across]),
          {.x = layout_.left[k] + width / 2, .y = y, .size = 14, .anchor = 0.5});
  }
  const double length = std::round(50 / picture_.grid.voxel_mm * layout_.zoom), x = layout_.width - margin - length;
  colour(quiet);
  cairo_rectangle(pen_.get(), std::floor(x), y + 7, length, 2);
  cairo_fill(pen_.get());
  write("50 mm", {.x = x + length / 2, .y = y, .size = 12, .anchor = 0.5, .colour = quiet});
}

/// The step between the labels of a scale: 1, 2 or 5 times a power of ten, for four to eight labels.
double step_of(double most) {
  const double power = std::pow(10, std::floor(std::log10(most / 4)));
  for (const double factor : {5.0, 2.0})
    if (most / (factor * power) >= 4) return factor * power;
  return power;
}

/// Draws one scale for all rows, or one beside each row.
void Drawing::draw_bars() {
  const auto bottom_of = [&](std::size_t row) { return layout_.row_top(row) + layout_.row_height; };
  const bool common = picture_.rows[0].most <= 0;
  if (common) draw_bar(layout_.row_top(0), bottom_of(picture_.rows.size() - 1), picture_.most, false, picture_.unit);
  for (std::size_t k = 0; k < picture_.rows.size() && !common; ++k) {
    const PictureRow& row = picture_.rows[k];
    draw_bar(layout_.row_top(k), bottom_of(k) - row_head, row.most, !row.under.empty(), row.unit);
  }
}

void Drawing::draw_bar(double top, double bottom, double most, bool has_sign, const std::string& unit) {
  const double x = layout_.bar_left(), height = bottom - top, least = has_sign ? -most : 0, range = most - least;
  for (double y = 0; y < height; ++y) {
    const double value = most - range * (y + 0.5) / height;
    colour(has_sign ? warm_or_cold(value / most, middle_grey) : viridis(value / most));
    cairo_rectangle(pen_.get(), x, top + y, bar_width, 1);
    cairo_fill(pen_.get());
  }
  write(unit, {.x = x, .y = top - 10, .size = 14});
  const double step = step_of(range);
  for (double k = std::ceil(least / step - 1e-9) + 0.0; k * step <= most * (1 + 1e-9); ++k) {
    const double y = bottom - height * (k * step - least) / range;
    colour(ink);
    cairo_rectangle(pen_.get(), x + bar_width, std::clamp(std::floor(y), top, bottom - 1), 5, 1);
    cairo_fill(pen_.get());
    write(fmt::format("{:g}", k * step),
          {.x = x + bar_width + 9, .y = std::clamp(y, top + 5, bottom - 5) + 5, .size = 13});
  }
}

}  // namespace

std::string volume_png(const VolumePicture& picture) {
  assert(!picture.rows.empty());
  return Drawing(picture).png();
}

std::array<double, 2> pixel_of(const VolumePicture& picture, std::size_t row, Plane plane, const Triple& voxel) {
  const Layout layout(picture);
  const PlaneAxes& a = axes(plane);
  const auto k = static_cast<std::size_t>(plane);
  const auto place = [&](std::size_t axis, bool backwards) {
    const Index n = picture.grid.extents[axis], i = backwards ? n - 1 - voxel[axis] : voxel[axis];
    return layout.zoom * (static_cast<double>(i) + 0.5);
  };
  return {layout.left[k] + place(a.right, picture.reversed[a.right]),
          layout.row_top(row) + layout.top[k] + place(a.up, !picture.reversed[a.up])};  // pixels count downwards
}

Triple centre_of(const VoxelGrid& grid, std::span<const float> values) {
  std::array<double, 3> sums{};
  double total = 0;
  for (Index x = 0; x < grid.extents[0]; ++x)
    for (Index y = 0; y < grid.extents[1]; ++y)
      for (Index z = 0; z < grid.extents[2]; ++z) {
        const double weight = std::abs(static_cast<double>(values[grid.at(x, y, z)]));
        total += weight;
        const Triple at = {x, y, z};
        for (std::size_t a = 0; a < 3; ++a) sums[a] += weight * static_cast<double>(at[a]);
      }
  Triple centre;
  for (std::size_t a = 0; a < 3; ++a)
    centre[a] = total > 0 ? static_cast<Index>(std::lround(sums[a] / total)) : grid.extents[a] / 2;
  return centre;
}

double scale_end(std::span<const float> values) {
  std::vector<float> measured;
  std::copy_if(values.begin(), values.end(), std::back_inserter(measured), [](float v) { return v != 0; });
  if (measured.empty()) return 1;
  const auto rank = static_cast<std::ptrdiff_t>(measured.size() - 1 - measured.size() / 500);
  std::nth_element(measured.begin(), measured.begin() + rank, measured.end());
  const double high = static_cast<double>(measured[static_cast<std::size_t>(rank)]);
  if (!(high > 0)) return 1;
  const double step = step_of(high) / 2;
  return step * std::ceil(high / step);
}

}  // namespace cg
