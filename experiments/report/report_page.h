// SPDX-License-Identifier: Apache-2.0
// A report as one page that loads nothing from other places; all text that was read is escaped. Read next: report.h,
// report_page_style.h.
#pragma once

#include <string>

#include "experiments/report/report.h"

namespace cg {

std::string report_page(const Report& report);

}  // namespace cg
