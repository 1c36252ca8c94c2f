// SPDX-License-Identifier: Apache-2.0
// The effects of age and sex on one phantom brain. Years, kPa, mm.
#pragma once

#include <array>
#include <span>
#include <string>
#include <vector>

#include "tensor/index.h"

namespace cg::phantom {

constexpr std::size_t regions = 17;
/// "frontal", "parietal", … "brainstem", in the order of all tables.
const std::array<std::string, regions>& region_names();
/// The index of a region. Errors (usage): no such name; the message lists them.
std::size_t region_index(const std::string& name);

/// All values that depend on age and sex. The names are those of truth/latent_names in the cohort file.
struct Latents {
  double gap;                                 ///< true brain-age gap, years
  double bio_age;                             ///< age + gap
  double common;                              ///< log factor of all regions
  double vent;                                ///< log size of the ventricles
  double sulcus;                              ///< half width of a sulcus, mm
  double thick;                               ///< of the cortex, mm
  double hippo;                               ///< relative size of the hippocampus
  double early, late;                         ///< strength of the ageing patterns
  double halo;                                ///< softening around the ventricles
  std::array<double, regions> log_stiffness;  ///< ln kPa
};

/// `z`: 40 standard normal numbers. `signal`: the only regions that change with age (empty: all); everything else then
/// stays at 40 years. `female`: 1, 0, or 0.5 for the mean brain.
Latents latents(std::span<const double> z, double age, double female, const std::vector<std::string>& signal);

}  // namespace cg::phantom
