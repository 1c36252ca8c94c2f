// SPDX-License-Identifier: Apache-2.0
// A picture as SVG. Read next: experiments/pages/markup.h.
#pragma once

#include <string>

#include "experiments/pages/markup.h"
#include "experiments/report/picture.h"

namespace cg {

/// Writes an svg element of the class "picture", whose colours are the page's.
void write_svg(Markup& page, const Picture& picture);

/// The picture as a file, in the colours of light mode on a white background.
std::string svg_file(const Picture& picture);

}  // namespace cg
