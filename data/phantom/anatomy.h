// SPDX-License-Identifier: Apache-2.0
// The shape of a phantom brain: signed distances of ellipsoids and capsules, joined smoothly, negative inside. Unit:
// mm.
#pragma once

#include <array>

#include "data/phantom/latents.h"
#include "data/phantom/random.h"

namespace cg::phantom {

/// Distances to the large parts; the right half is used for both sides.
struct Hull {
  Point q;  ///< the point with x ≥ 0
  float upper, temporal, cerebrum, cerebellum, stem;
};
Hull hull(const Point& p);

/// The content of a voxel: shares of its volume, and two distances.
struct Tissue {
  std::array<float, regions> share;
  float csf;      ///< share of fluid
  float inside;   ///< share of the brain, fluid included
  float vent;     ///< distance to the ventricles
  float surface;  ///< distance to the brain's surface
};

/// The anatomy of one brain, evaluated point by point.
class Anatomy {
 public:
  /// `voxel`: edge length, mm; `blur`: finite resolution of the measurement, 3 mm for stiffness, 0 for T1.
  Anatomy(const Latents& latents, double voxel, double blur);
  Tissue at(const Point& p) const;

 private:
  struct Grooves {
    float nearest, fluid;  ///< distance to the nearest sulcus or fissure; its share of the voxel
  };
  Grooves grooves(const Point& p, const Hull& h) const;
  float ventricle(const Point& q) const;
  std::array<float, 7> deep_distances(const Point& q) const;
  float part(float distance) const;
  float sheet(float distance, float half) const { return part(distance - half) - part(distance + half); }

  float sulcus_, thick_, hippo_, voxel_, width_, radius_, push_;
};

}  // namespace cg::phantom
