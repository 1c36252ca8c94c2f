// SPDX-License-Identifier: Apache-2.0
// The tables of a report as a LaTeX document, which compiles as it is and from which tables can be copied. Read next:
// report.h.
#pragma once

#include <string>
#include <string_view>

#include "experiments/report/report.h"

namespace cg {

/// The text with all that LaTeX would read as a command escaped. Signs that the report uses (±, λ, –) are written as
/// LaTeX's own; other characters beyond ASCII become their code point, U+1F600, so that every LaTeX compiles them.
std::string tex_text(std::string_view text);

std::string results_tex(const Report& report);

}  // namespace cg
