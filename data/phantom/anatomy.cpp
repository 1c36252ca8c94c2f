// SPDX-License-Identifier: Apache-2.0
#include "data/phantom/anatomy.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace cg::phantom {
namespace {

float square(float x) { return x * x; }

float ellipsoid(const Point& p, const Point& c, const Point& r) {
  const float x = (p.x - c.x) / r.x, y = (p.y - c.y) / r.y, z = (p.z - c.z) / r.z;
  const float k = std::sqrt(x * x + y * y + z * z) + 1e-6f;
  return k * (k - 1) / (std::sqrt(square(x / r.x) + square(y / r.y) + square(z / r.z)) + 1e-6f);
}

/// A tube from a to b whose radius changes from ra to rb.
float capsule(const Point& p, const Point& a, const Point& b, float ra, float rb) {
  const Point d = {b.x - a.x, b.y - a.y, b.z - a.z}, from = {p.x - a.x, p.y - a.y, p.z - a.z};
  const float along = (from.x * d.x + from.y * d.y + from.z * d.z) / (d.x * d.x + d.y * d.y + d.z * d.z);
  const float t = std::clamp(along, 0.0f, 1.0f);
  return std::sqrt(square(from.x - t * d.x) + square(from.y - t * d.y) + square(from.z - t * d.z)) - ra - (rb - ra) * t;
}

/// Union with a fillet of size k.
float blend(float a, float b, float k) {
  const float h = std::clamp(0.5f + 0.5f * (b - a) / k, 0.0f, 1.0f);
  return b + (a - b) * h - k * h * (1 - h);
}

float logistic(float x, float width) { return 1 / (1 + std::exp(-std::clamp(x / width, -30.0f, 30.0f))); }

/// Shares of the four lobes (frontal, parietal, temporal, occipital) at a point.
std::array<float, 4> lobes(const Point& q) {
  const float occipital = logistic(-(q.y + 66 + 0.25f * (q.z - 10)), 5);
  const float temporal = logistic(-(q.z + 2 - 0.35f * (-q.y - 20)), 4) * logistic(q.x - 22, 4) * logistic(q.y + 66, 5) *
                         logistic(12 - q.y, 6);
  const float frontal = logistic(q.y + 22 - 0.45f * (q.z - 40), 5);
  return {(1 - occipital) * (1 - temporal) * frontal, (1 - occipital) * (1 - temporal) * (1 - frontal),
          (1 - occipital) * temporal, occipital};
}

constexpr float far_away = 99;

}  // namespace

Hull hull(const Point& p) {
  Hull h;
  h.q = {std::abs(p.x), p.y, p.z};
  h.upper = ellipsoid(h.q, {20, -18, 23}, {47, 86, 52});
  h.temporal = capsule(h.q, {38, 4, -25}, {47, -42, -9}, 16, 18);
  h.cerebrum = blend(h.upper, h.temporal, 7);
  h.cerebellum = blend(ellipsoid(h.q, {23, -64, -36}, {29, 28, 21}), ellipsoid(h.q, {0, -62, -31}, {14, 24, 21}), 6);
  h.stem =
      blend(capsule(h.q, {0, -22, -4}, {0, -26, -30}, 12, 12), capsule(h.q, {0, -24, -30}, {0, -40, -66}, 13, 7), 6);
  return h;
}

Anatomy::Anatomy(const Latents& l, double voxel, double blur)
    : sulcus_(static_cast<float>(l.sulcus)),
      thick_(static_cast<float>(l.thick)),
      hippo_(static_cast<float>(l.hippo)),
      voxel_(static_cast<float>(voxel)),
      width_(static_cast<float>(std::hypot(voxel, blur))),
      radius_(static_cast<float>(3.36 * std::exp(0.5 * l.vent))),
      push_(static_cast<float>(3.36 * std::exp(0.5 * l.vent) - 3.4)) {}

/// The share of a voxel that is inside a surface at this distance.
float Anatomy::part(float distance) const { return std::clamp(0.5f - distance / width_, 0.0f, 1.0f); }

/// Sulci are sheets of a warped gyroid in the outer 14 mm, besides the fissure between the hemispheres and the Sylvian
/// fissure.
Anatomy::Grooves Anatomy::grooves(const Point& p, const Hull& h) const {
  constexpr auto k = static_cast<float>(2 * std::numbers::pi / 26);
  const Point& q = h.q;
  const float x = p.x + 4 * std::sin(p.y * 0.055f + 1.3f), y = p.y + 4 * std::sin(p.z * 0.055f + 1.3f),
              z = p.z + 4 * std::sin(p.x * 0.055f + 1.3f);
  const float gyroid =
      std::sin(k * x) * std::cos(k * y) + std::sin(k * y) * std::cos(k * z) + std::sin(k * z) * std::cos(k * x);
  const bool cortex = h.cerebrum > -14 && h.cerebrum < h.cerebellum && h.cerebrum < h.stem;
  const float fold = cortex ? std::abs(gyroid) / (1.2f * k) : far_away;
  const bool beside_callosum = std::sqrt(square((q.y + 8) / 1.55f) + square(q.z - 4)) > 30;
  const float middle = beside_callosum && std::min(h.cerebellum, h.stem) >= 0 ? q.x : far_away;
  const bool near_sylvian = h.cerebrum > -24 && q.x > 24 && q.y > -45;
  const float sylvian = near_sylvian ? std::abs(h.upper - h.temporal) / 2 : far_away;
  return {std::min({fold, middle, sylvian}),
          std::max({sheet(fold, sulcus_), sheet(middle, sulcus_ + 0.5f), sheet(sylvian, sulcus_ + 0.5f)})};
}

float Anatomy::ventricle(const Point& q) const {
  const float r = radius_;
  float d = blend(capsule(q, {9, 30, 2}, {11, 6, 17}, 0.8f * r, r), capsule(q, {11, 6, 17}, {16, -28, 20}, r, r), 3);
  d = blend(d, capsule(q, {16, -28, 20}, {27, -44, 8}, r, 1.1f * r), 3);
  d = blend(d, capsule(q, {27, -44, 8}, {33, -16, -17}, 0.6f * r, 0.45f * r), 2);
  d = blend(d, capsule(q, {27, -44, 8}, {24, -70, 6}, 0.7f * r, 0.3f * r), 2);
  d = std::min(d, ellipsoid(q, {0, -14, 0}, {0.45f * r, 13, 10}));
  return std::min(d, ellipsoid(q, {0, -45, -33}, {0.9f * r, 5, 7}));
}

/// Caudate, putamen, pallidum, thalamus, hippocampus, amygdala, callosum. Enlarged ventricles push the first and the
/// fourth.
std::array<float, 7> Anatomy::deep_distances(const Point& q) const {
  const float callosum =
      std::min({capsule(q, {0, 30, 4}, {0, 14, 22}, 4, 3.3f), capsule(q, {0, 14, 22}, {0, -24, 25}, 3.3f, 3.3f),
                capsule(q, {0, -24, 25}, {0, -40, 14}, 3.3f, 5)}) -
      3 * std::exp(-square(q.x / 14)) + 0.6f * square(q.x / 6);
  return {blend(ellipsoid(q, {14 + .6f * push_, 14, 4}, {5, 9, 8}),
                capsule(q, {16 + .6f * push_, 2, 16}, {20 + .6f * push_, -22, 20}, 3.2f, 2.0f), 4),
          ellipsoid(q, {27, 3, 0}, {6, 16, 10}),
          ellipsoid(q, {20, -4, -1}, {4.5f, 8, 6}),
          ellipsoid(q, {11 + .4f * push_, -19, 7}, {8.5f, 14, 9}),
          capsule(q, {23, -11, -20}, {29, -34, -6}, 6.0f * hippo_, 4.2f * hippo_),
          ellipsoid(q, {23, -4, -19}, {7, 7, 7}),
          callosum};
}

/// Fills the voxel in a fixed order. Each part takes from what the parts before it left.
Tissue Anatomy::at(const Point& p) const {
  static const std::array<std::size_t, 7> deep = {
      region_index("caudate"),     region_index("putamen"),  region_index("pallidum"), region_index("thalamus"),
      region_index("hippocampus"), region_index("amygdala"), region_index("callosum")};
  static const std::size_t stem = region_index("brainstem"), cerebellum = region_index("cerebellum");
  const Hull h = hull(p);
  Tissue t{};
  t.surface = blend(blend(h.cerebrum, h.cerebellum, 4), h.stem, 6);
  t.inside = std::clamp(0.5f - t.surface / voxel_, 0.0f, 1.0f);
  t.vent = ventricle(h.q);
  float rest = t.inside;
  const auto take = [&](float share) {
    const float taken = std::min(rest, share);
    rest -= taken;
    return taken;
  };
  t.csf = take(part(t.vent));
  const auto distances = deep_distances(h.q);
  for (std::size_t k = 0; k < deep.size(); ++k) t.share[deep[k]] = take(part(distances[k]));
  const Grooves groove = grooves(p, h);
  const float fluid = rest * groove.fluid;
  t.csf += fluid;
  rest -= fluid;
  t.share[stem] = take(part(h.stem));
  t.share[cerebellum] = take(part(h.cerebrum < h.cerebellum ? 9 : h.cerebellum));
  const float depth = std::max(h.cerebrum, sulcus_ - groove.nearest);  // below the pial surface, negative in tissue
  const float white = rest * part(depth + thick_);
  const auto lobe = lobes(h.q);
  for (std::size_t k = 0; k < 4; ++k) {
    t.share[k] = lobe[k] * (rest - white);
    t.share[4 + k] = lobe[k] * white;
  }
  return t;
}

}  // namespace cg::phantom
