// SPDX-License-Identifier: Apache-2.0
// Numbers as the report writes them.
#pragma once

#include <fmt/format.h>

#include <cmath>
#include <string>
#include <vector>

#include "experiments/statistics/metrics.h"

namespace cg {

/// "3.724"; "–" for NaN.
inline std::string fixed(double value, int digits = 3) {
  return std::isfinite(value) ? fmt::format("{:.{}f}", value, digits) : "–";
}

/// "3.724 ± 0.220"; without ± if there is no SD.
inline std::string plus_minus(const MeanSd& value, int digits = 3) {
  return std::isfinite(value.sd) ? fmt::format("{:.{}f} ± {:.{}f}", value.mean, digits, value.sd, digits)
                                 : fixed(value.mean, digits);
}

/// "+0.052", "−0.052", "0.000".
inline std::string with_sign(double value, int digits = 3) {
  const std::string size = fmt::format("{:.{}f}", std::abs(value), digits);
  const bool is_zero = size.find_first_not_of("0.") == std::string::npos;
  return (is_zero ? "" : value < 0 ? "−" : "+") + size;
}

/// "< 0.001", "0.032".
inline std::string p_text(double p) { return p < 0.001 ? "< 0.001" : fmt::format("{:.3f}", p); }

/// The texts in a line.
inline std::string joined(const std::vector<std::string>& texts, const std::string& between) {
  std::string out;
  for (const std::string& text : texts) out += (out.empty() ? "" : between) + text;
  return out;
}

}  // namespace cg
