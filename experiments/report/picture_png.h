// SPDX-License-Identifier: Apache-2.0
// A picture as a PNG file.
#pragma once

#include <string>

#include "experiments/report/picture.h"

namespace cg {

/// The bytes of a file with `scale` pixels for each pixel of the picture, in the colours of light mode. Errors (data):
/// a text that is not UTF-8.
std::string png_file(const Picture& picture, double scale = 2);

}  // namespace cg
