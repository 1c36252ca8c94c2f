// SPDX-License-Identifier: Apache-2.0
#include "data/phantom/latents.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "tensor/error.h"

namespace cg::phantom {
namespace {

/// The law of one region: stiffness at 20 years (kPa), change per year (%), further change per year after a hinge (%),
/// the hinge (years), effect of sex.
struct Law {
  double at20, slope_percent, late_percent, hinge, sex;
  std::size_t group;  ///< cortex, white matter, deep grey matter, hindbrain
};

constexpr std::array<Law, regions> laws = {{
    {2.65, -.38, -.20, 60, 0, 0},
    {2.55, -.32, -.20, 60, 0, 0},
    {2.70, -.42, -.35, 60, .03, 0},
    {2.80, -.24, -.10, 60, .04, 0},
    {3.05, -.34, -.35, 55, 0, 1},
    {3.00, -.30, -.30, 55, 0, 1},
    {3.10, -.36, -.35, 55, .01, 1},
    {3.15, -.26, -.20, 60, .01, 1},
    {3.30, -.34, -.40, 55, 0, 1},
    {3.15, -.45, -.30, 60, -.01, 2},
    {3.45, -.30, -.20, 60, 0, 2},
    {3.50, -.26, -.20, 60, 0, 2},
    {3.40, -.38, -.25, 58, 0, 2},
    {2.95, -.10, -.75, 50, .01, 2},
    {3.10, -.28, -.45, 55, .01, 2},
    {2.25, -.06, -.10, 65, .02, 3},
    {3.05, -.14, -.10, 65, 0, 3},
}};

/// 0 for x far below 0, x for x far above 0, smooth over `width`.
double hinge(double x, double width) {
  const double t = x / width;
  return width * (t > 0 ? t + std::log1p(std::exp(-t)) : std::log1p(std::exp(t)));
}

}  // namespace

const std::array<std::string, regions>& region_names() {
  static const std::array<std::string, regions> names = {
      "frontal",     "parietal",     "temporal", "occipital",  "wm_frontal", "wm_parietal",
      "wm_temporal", "wm_occipital", "callosum", "caudate",    "putamen",    "pallidum",
      "thalamus",    "hippocampus",  "amygdala", "cerebellum", "brainstem"};
  return names;
}

std::size_t region_index(const std::string& name) {
  const auto& names = region_names();
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) {
    std::string all;
    for (const std::string& known : names) all += (all.empty() ? "" : ", ") + known;
    fail(ErrorKind::usage, "signal", fmt::format("there is no region \"{}\"", name),
         fmt::format("Choose from {}.", all));
  }
  return static_cast<std::size_t>(found - names.begin());
}

Latents latents(std::span<const double> z, double age, double female, const std::vector<std::string>& signal) {
  constexpr double common_sd = 0.070, region_sd = 0.050, shared = 0.35, slope_sd = 0.10, fixed_age = 40;
  Latents l;
  l.gap = (2.2 + 0.02 * std::max(age - 20, 0.0)) * z[0];
  l.bio_age = std::max(age, 14.0) + l.gap;
  l.common = common_sd * z[22] + 0.02 * (female - 0.5);
  const double shape_age = signal.empty() ? l.bio_age : fixed_age;
  for (std::size_t r = 0; r < regions; ++r) {
    const Law& law = laws[r];
    const bool ages = signal.empty() || std::find(signal.begin(), signal.end(), region_names()[r]) != signal.end();
    const double region_age = ages ? l.bio_age : fixed_age;
    const double ageing =
        law.slope_percent / 100 * (region_age - 20) + law.late_percent / 100 * hinge(region_age - law.hinge, 4);
    const double own = region_sd * (std::sqrt(shared) * z[1 + law.group] + std::sqrt(1 - shared) * z[5 + r]);
    l.log_stiffness[r] =
        std::log(law.at20) + (1 + slope_sd * z[23]) * ageing + law.sex * (female - 0.5) + l.common + own;
  }
  const double b = shape_age - 20, late = hinge(shape_age - 60, 4);
  l.vent = 0.018 * b + 0.020 * late + 0.30 * z[24] - 0.10 * female;
  l.sulcus = std::max(0.2, 0.55 + 0.012 * b + 0.014 * late + 0.15 * z[25]);
  l.thick = 2.9 - 0.006 * b + 0.12 * z[26];
  l.hippo = 1 - 0.001 * b - 0.004 * late + 0.05 * z[27];
  l.early = (1 - std::exp(-(shape_age - 14) / 22)) * (1 + 0.08 * z[28]);
  l.late = hinge(shape_age - 52, 6) / 25 * (1 + 0.08 * z[29]);
  l.halo = 0.10 * std::max(0.0, shape_age - 30) / 50 * std::exp(0.3 * z[30]);
  return l;
}

}  // namespace cg::phantom
