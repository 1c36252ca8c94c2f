// SPDX-License-Identifier: Apache-2.0
#include "experiments/report/picture.h"

namespace cg {
namespace {

constexpr std::array<Colour, inks> light = {{{255, 255, 255},
                                             {22, 32, 43},
                                             {90, 104, 118},
                                             {221, 227, 233},
                                             {194, 24, 91},
                                             {0, 114, 178},
                                             {230, 159, 0},
                                             {0, 158, 115},
                                             {204, 121, 167},
                                             {86, 180, 233},
                                             {213, 94, 0},
                                             {138, 121, 214},
                                             {139, 152, 165}}};

bool begins_character(char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }

}  // namespace

void Picture::line(Point from, Point to, Paint paint, double thick, bool dashed) {
  add(Path{.points = {from, to}, .stroke = paint, .width = thick, .dashed = dashed});
}

Colour light_colour(Ink role) { return light[static_cast<std::size_t>(role)]; }

double text_width(const std::string& text, double size) {
  double characters = 0;
  for (const char c : text) characters += begins_character(c);
  return 0.56 * size * characters;
}

std::string fitted_text(const std::string& text, double size, double most) {
  if (text_width(text, size) <= most) return text;
  std::string out;
  for (std::size_t k = 0; k < text.size();) {
    std::size_t next = k + 1;
    while (next < text.size() && !begins_character(text[next])) ++next;
    if (text_width(out, size) + 2 * 0.56 * size > most) break;
    out += text.substr(k, next - k);
    k = next;
  }
  return out + "…";
}

}  // namespace cg
