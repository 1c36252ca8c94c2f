// SPDX-License-Identifier: Apache-2.0
#include "data/phantom/phantom.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "data/phantom/anatomy.h"

namespace cg::phantom {
namespace {

constexpr double csf_stiffness = 0.75;               // kPa
constexpr double resolution = 3.0;                   // mm, of a stiffness measurement
constexpr std::uint32_t topography_seed = 20240801;  // the ageing patterns are the same in every cohort
constexpr double topography_fwhm = 22;

/// The effects of a study's scanner and protocol.
struct StudyEffect {
  double gain, noise, fwhm, bias_y, bias_z, cover_a, cover_b;
};
constexpr StudyEffect study_effects[] = {{0, 1.0, 6.0, .015, -.009, 5.0, 0.70},
                                         {.020, 1.15, 7.0, -.012, .012, 4.0, 0.91},
                                         {-.010, 1.0, 6.0, .009, .006, 6.0, 0.56},
                                         {.015, 0.85, 5.0, .006, -.015, 3.5, 0.98},
                                         {-.015, 0.95, 5.5, -.009, .009, 3.5, 0.84}};

/// Points of the subject's brain: the rest that affine registration leaves, then six smooth sinusoidal shifts.
std::vector<Point> posed(const std::vector<Point>& points, const std::vector<double>& z) {
  constexpr double rotate = 1.2, scale = 0.020, shift = 1.2, warp = 1.8, period = 100;
  using V = std::array<float, 3>;
  const V c = {0, -18, 5};
  const double degree = std::numbers::pi / 180;
  const V rot = {static_cast<float>(rotate * degree * z[0]), static_cast<float>(rotate * degree * z[1]),
                 static_cast<float>(rotate * degree * z[2])};
  const V r[3] = {{1, -rot[2], rot[1]}, {rot[2], 1, -rot[0]}, {-rot[1], rot[0], 1}};
  V wave[6];
  for (std::size_t m = 0; m < 6; ++m) {
    const double k[] = {z[9 + m], z[15 + m], z[21 + m]}, length = std::sqrt(k[0] * k[0] + k[1] * k[1] + k[2] * k[2]);
    for (std::size_t a = 0; a < 3; ++a) wave[m][a] = static_cast<float>(2 * std::numbers::pi / period * k[a] / length);
  }
  std::vector<Point> out;
  out.reserve(points.size());
  for (const Point& p : points) {
    const V d = {p.x - c[0], p.y - c[1], p.z - c[2]};
    V q;
    for (std::size_t a = 0; a < 3; ++a)
      q[a] = (r[a][0] * d[0] + r[a][1] * d[1] + r[a][2] * d[2]) * static_cast<float>(1 + scale * z[3 + a]) + c[a] +
             static_cast<float>(shift * z[6 + a]);
    for (std::size_t m = 0; m < 6; ++m)
      q[m % 3] += static_cast<float>(warp * z[27 + m]) *
                  std::sin(q[0] * wave[m][0] + q[1] * wave[m][1] + q[2] * wave[m][2] + static_cast<float>(m));
    out.push_back({q[0], q[1], q[2]});
  }
  return out;
}

/// The ageing patterns over the brain (log scale): one saturates early, one starts late.
struct Topography {
  SplineField early, late;
  explicit Topography(const std::vector<Point>& points)
      : early(points, topography_fwhm, {topography_seed, Kind::fixed, Stream::topography_early, 0}),
        late(points, topography_fwhm, {topography_seed, Kind::fixed, Stream::topography_late, 0}) {}
};

/// Stiffness without texture, noise and study effects, and the anatomy that later steps need.
struct Clean {
  float tissue, fluid, total, inside, surface;
};

std::vector<Clean> clean_stiffness(const std::vector<Point>& points, const Latents& l, double voxel) {
  const Anatomy anatomy(l, voxel, resolution);
  const Topography pattern(points);
  std::array<float, regions> stiffness;
  for (std::size_t r = 0; r < regions; ++r) stiffness[r] = static_cast<float>(std::exp(l.log_stiffness[r]));
  std::vector<Clean> out;
  out.reserve(points.size());
  for (const Point& p : points) {
    const Tissue t = anatomy.at(p);
    float tissue = 0, total = t.csf;
    for (std::size_t r = 0; r < regions; ++r) {
      tissue += t.share[r] * stiffness[r];
      total += t.share[r];
    }
    const float law = std::exp(0.10f * static_cast<float>(l.early) * pattern.early.at(p) +
                               0.10f * static_cast<float>(l.late) * pattern.late.at(p) -
                               static_cast<float>(l.halo) * std::exp(-std::max(t.vent, 0.0f) / 9));
    out.push_back(
        {tissue * law, static_cast<float>(csf_stiffness) * t.csf, std::max(total, 1e-3f), t.inside, t.surface});
  }
  return out;
}

double kumaraswamy(double u, double a, double b) { return std::pow(1 - std::pow(1 - u, 1 / b), 1 / a); }

/// Sets to 0 what is outside a tilted slab that contains part of the brain. Returns the share that is left.
double cut_field_of_view(std::vector<float>& mu, const std::vector<Clean>& clean, const std::vector<Point>& points,
                         const StudyEffect& effect, const std::vector<double>& u, double tilt_normal) {
  const double wanted = 0.78 + 0.22 * kumaraswamy(u[0], effect.cover_a, effect.cover_b);
  const double below = kumaraswamy(u[1], 2, 1.2);  // share of the loss at the bottom
  const double tilt = 8 * std::numbers::pi / 180 * tilt_normal;
  // The same heights serve for the order and the cut: a second computation, contracted differently by the compiler,
  // would disagree about the voxels on the edge.
  std::vector<float> height, heights;
  for (std::size_t k = 0; k < points.size(); ++k) {
    height.push_back(points[k].z * static_cast<float>(std::cos(tilt)) -
                     points[k].y * static_cast<float>(std::sin(tilt)));
    if (clean[k].inside > 0.5f) heights.push_back(height[k]);
  }
  std::sort(heights.begin(), heights.end());
  const auto n = static_cast<double>(heights.size() - 1);
  const float low = heights[static_cast<std::size_t>(std::nearbyint(n * (1 - wanted) * below))];
  const float high = heights[static_cast<std::size_t>(std::nearbyint(n * (1 - (1 - wanted) * (1 - below))))];
  std::size_t seen = 0;
  for (std::size_t k = 0; k < points.size(); ++k) {
    const bool in = clean[k].inside > 0.5f && height[k] >= low && height[k] <= high;
    if (!in) mu[k] = 0;
    seen += in;
  }
  return static_cast<double>(seen) / static_cast<double>(heights.size());
}

}  // namespace

Grid::Grid(double voxel_mm) : voxel_(voxel_mm) {
  for (double extent : {182.0, 218.0, 182.0}) shape_.push_back(static_cast<Index>(std::ceil(extent / voxel_mm)));
  const auto centre = [&](double corner, Index k) {
    return static_cast<float>(corner + voxel_ / 2 + voxel_ * static_cast<double>(k));
  };
  std::size_t place = 0;
  for (Index x = 0; x < shape_[0]; ++x)
    for (Index y = 0; y < shape_[1]; ++y)
      for (Index z = 0; z < shape_[2]; ++z, ++place) {
        const Point p = {centre(-91, x), centre(-127, y), centre(-73, z)};
        const Hull h = hull(p);
        if (std::min({h.cerebrum, h.cerebellum, h.stem}) >= 10) continue;
        points_.push_back(p);
        places_.push_back(place);
      }
}

std::vector<float> Grid::volume(const std::vector<float>& values) const {
  std::vector<float> out(static_cast<std::size_t>(count(shape_)), 0.0f);
  for (std::size_t k = 0; k < values.size(); ++k) out[places_[k]] = values[k];
  return out;
}

Brain stiffness_brain(Index i, std::uint32_t seed, const Person& person, const Grid& grid,
                      const std::vector<std::string>& signal) {
  const auto draws = [&](Stream stream) { return Draws{seed, Kind::stiffness, stream, static_cast<std::uint32_t>(i)}; };
  const StudyEffect& effect = study_effects[signal.empty() ? person.group : 0];  // the study must not reveal the age
  const std::vector<Point>& points = grid.points();
  Brain brain;
  brain.latents = latents(draws(Stream::latent).normals(40), person.age, person.female ? 1 : 0, signal);
  const std::vector<Point> q = posed(points, draws(Stream::pose).normals(36));
  const std::vector<Clean> clean = clean_stiffness(q, brain.latents, grid.voxel());
  const SplineField texture(points, 14, draws(Stream::texture)), noise(points, effect.fwhm, draws(Stream::noise));
  const auto u = draws(Stream::acquire).uniforms(2);
  const auto z = draws(Stream::acquire).normals(8);  // 4 and 5: after the block of the uniforms
  const auto level = static_cast<float>(0.07 * effect.noise * std::exp(0.15 * z[4]));
  std::vector<float> mu(points.size());
  std::size_t voxels = 0;
  for (std::size_t k = 0; k < points.size(); ++k) {
    const Clean& c = clean[k];
    voxels += c.inside > 0.5f;
    const float bias = static_cast<float>(effect.bias_y) * (q[k].y + 18) / 90 +
                       static_cast<float>(effect.bias_z) * (q[k].z - 10) / 60 + static_cast<float>(effect.gain);
    const float sd = level * (0.8f + 0.5f * std::clamp(-c.surface, 0.0f, 45.0f) / 45);
    const float clear = (c.tissue * std::exp(0.085f * texture.at(points[k]) + bias) + c.fluid) / c.total;
    mu[k] = std::clamp(clear * (1 + sd * noise.at(points[k])), 0.1f, 8.0f);
  }
  brain.coverage = cut_field_of_view(mu, clean, points, effect, u, z[5]);
  brain.brain_ml = static_cast<double>(voxels) * std::pow(grid.voxel(), 3) / 1000;
  brain.map = grid.volume(mu);
  return brain;
}

Brain t1_brain(Index i, std::uint32_t seed, const Person& person, const Grid& grid) {
  const auto draws = [&](Stream stream) { return Draws{seed, Kind::t1, stream, static_cast<std::uint32_t>(i)}; };
  const Scanner s = scanner(person.group, seed);
  const std::vector<Point>& points = grid.points();
  Brain brain;
  brain.latents = latents(draws(Stream::latent).normals(40), person.age, person.female ? 1 : 0, {});
  const Latents& l = brain.latents;
  const double age = l.bio_age + std::min(person.age - 14, 0.0), young = std::exp(-(std::max(age, 3.0) - 6) / 9);
  const double grey = 0.60 * (1 + .10 * young - .0006 * std::max(age - 30, 0.0));
  const double white = 0.95 * (1 - .12 * young - .0010 * std::max(age - 40, 0.0));
  const double deep = 0.76 * (1 - .05 * young - .0004 * std::max(age - 30, 0.0));
  const auto contrast = draws(Stream::contrast).normals(regions);
  std::array<double, regions> intensity;
  for (std::size_t r = 0; r < regions; ++r)
    intensity[r] = (r < 4 ? grey : r < 9 ? white : r < 15 ? deep : r == 15 ? 0.66 : 0.88) * (1 + 0.015 * contrast[r]);
  const std::vector<Point> q = posed(points, draws(Stream::pose).normals(36));
  const Anatomy anatomy(l, grid.voxel(), 0);
  const Topography pattern(q);
  const SplineField real(points, s.fwhm, draws(Stream::noise_real)),
      imaginary(points, s.fwhm, draws(Stream::noise_imaginary));
  std::vector<float> out(points.size());
  std::size_t voxels = 0;
  for (std::size_t k = 0; k < points.size(); ++k) {
    const Tissue t = anatomy.at(q[k]);
    if (t.inside <= 0.5f) continue;
    ++voxels;
    double signal = 0, white_share = 0;
    for (std::size_t r = 0; r < regions; ++r) signal += static_cast<double>(t.share[r]) * intensity[r];
    for (std::size_t r = 4; r < 9; ++r) white_share += static_cast<double>(t.share[r]);
    const double halo = .5 * l.halo * std::exp(-std::max(static_cast<double>(t.vent), 0.0) / 6) * white_share;
    signal *= std::exp(.03 * l.early * static_cast<double>(pattern.early.at(q[k])) +
                       .03 * l.late * static_cast<double>(pattern.late.at(q[k])) - halo);
    const double x = static_cast<double>(q[k].x) / 70, y = (static_cast<double>(q[k].y) + 18) / 90,
                 z = (static_cast<double>(q[k].z) - 10) / 60;
    const double bias = s.bias[0] * x + s.bias[1] * y + s.bias[2] * z + s.bias[3] * y * z + s.bias[4] * (x * x - 0.5);
    const double seen =
        s.gain * std::pow(std::max((signal + 0.15 * static_cast<double>(t.csf)) * std::exp(bias), 1e-4), s.gamma);
    out[k] = static_cast<float>(std::hypot(seen + s.noise * static_cast<double>(real.at(points[k])),
                                           s.noise * static_cast<double>(imaginary.at(points[k]))));
  }
  brain.coverage = 1;
  brain.brain_ml = static_cast<double>(voxels) * std::pow(grid.voxel(), 3) / 1000;
  brain.map = grid.volume(out);
  return brain;
}

Truth truth(const Grid& grid, const std::vector<std::string>& signal) {
  const std::vector<double> average(40, 0.0);
  const Latents at40 = latents(average, 40, 0.5, {});
  const auto mean_brain = [&](double age) {  // ages with the anatomy of 40 years
    Latents l = latents(average, age, 0.5, signal);
    l.vent = at40.vent;
    l.sulcus = at40.sulcus;
    l.thick = at40.thick;
    l.hippo = at40.hippo;
    return clean_stiffness(grid.points(), l, grid.voxel());
  };
  const std::vector<Clean> young = mean_brain(30), old = mean_brain(70);
  const Anatomy anatomy(at40, grid.voxel(), resolution);
  const auto log_stiffness = [](const Clean& c) { return std::log((c.tissue + c.fluid) / c.total + 1e-6f); };
  std::vector<float> labels(grid.points().size()), effect(labels.size());
  for (std::size_t k = 0; k < labels.size(); ++k) {
    const Tissue t = anatomy.at(grid.points()[k]);
    if (t.inside <= 0.5f) continue;
    const auto largest = std::max_element(t.share.begin(), t.share.end());
    labels[k] = t.csf >= *largest ? 1 : static_cast<float>(largest - t.share.begin() + 2);
    effect[k] = (log_stiffness(old[k]) - log_stiffness(young[k])) / 40;
  }
  const std::vector<float> volume = grid.volume(labels);
  return {{volume.begin(), volume.end()}, grid.volume(effect)};
}

}  // namespace cg::phantom
