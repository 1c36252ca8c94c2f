// SPDX-License-Identifier: Apache-2.0
// One synthetic brain: a stiffness map (MRE-like) or a T1-like volume with known age effects. Every map is synthetic:
// no subject, scan or atlas is used; the figures follow only published group statistics. kPa, mm, years. Read next:
// anatomy.h (the shape), latents.h (the ageing).
#pragma once

#include <string>
#include <vector>

#include "data/phantom/latents.h"
#include "data/phantom/people.h"
#include "tensor/tensor.h"

namespace cg::phantom {

/// Voxel centres of a 182 × 218 × 182 mm box with corner (−91, −127, −73): 91×109×91 at 2 mm, 46×55×46 at 4 mm. Only
/// points near the head are computed.
class Grid {
 public:
  explicit Grid(double voxel_mm);
  double voxel() const { return voxel_; }
  const Shape& shape() const { return shape_; }  ///< [X, Y, Z]
  const std::vector<Point>& points() const { return points_; }
  /// Values at `points()` as a volume [X, Y, Z], zero elsewhere.
  std::vector<float> volume(const std::vector<float>& values) const;

 private:
  double voxel_;
  Shape shape_;
  std::vector<Point> points_;
  std::vector<std::size_t> places_;  // index of each point in the volume
};

struct Brain {
  std::vector<float> map;  ///< [X, Y, Z]; kPa or arbitrary units; 0 where nothing was measured
  double coverage;         ///< share of the brain in the field of view
  double brain_ml;
  Latents latents;
};

/// Subject i of a stiffness cohort. `signal`: the only regions that change with age (empty: all); all subjects then
/// have the study effects of study 0.
Brain stiffness_brain(Index i, std::uint32_t seed, const Person& person, const Grid& grid,
                      const std::vector<std::string>& signal);

/// Subject i of a T1-like cohort: the same anatomy and ageing, another contrast, scanner effects, Rician noise.
Brain t1_brain(Index i, std::uint32_t seed, const Person& person, const Grid& grid);

/// What an explanation should find, for the mean brain at 40 years.
struct Truth {
  std::vector<std::uint8_t> labels;  ///< [X, Y, Z]: 0 outside, 1 fluid, 2 … 18 the regions
  std::vector<float> age_effect;     ///< change of ln stiffness per year, from 30 to 70 years
};
Truth truth(const Grid& grid, const std::vector<std::string>& signal);

}  // namespace cg::phantom
