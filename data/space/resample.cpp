// SPDX-License-Identifier: Apache-2.0
#include "data/space/resample.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <cmath>
#include <utility>

#include "tensor/error.h"

namespace cg {
namespace {

constexpr double same_place = 0.01;  // voxels: grids that differ by less, anywhere in a volume, are one grid
constexpr Index most_points = 8;     // per axis of a new voxel, for oblique volumes

/// The source voxels along one axis that contribute to a new voxel.
struct Taps {
  Index first = 0;
  std::vector<double> weight;
};

/// Taps along an axis with n source voxels, for the new voxel with this centre and width, in source voxels.
Taps taps_at(double centre, double width, Index n, Sampling sampling) {
  const auto size = static_cast<double>(n);
  if (sampling == Sampling::nearest || width <= 1) {
    if (!(centre >= -0.5 && centre < size - 0.5)) return {};
    if (sampling == Sampling::nearest) return {static_cast<Index>(std::floor(centre + 0.5)), {1}};
    const double inside = std::clamp(centre, 0.0, size - 1), below = std::floor(inside);
    if (inside == below) return {static_cast<Index>(below), {1}};
    return {static_cast<Index>(below), {1 - (inside - below), inside - below}};
  }
  const double low = std::max(centre - width / 2, -0.5), high = std::min(centre + width / 2, size - 0.5);
  Taps taps;
  if (!(high > low)) return taps;
  taps.first = static_cast<Index>(std::floor(low + 0.5));
  for (Index k = taps.first; static_cast<double>(k) - 0.5 < high && k < n; ++k) {
    const auto at = static_cast<double>(k);
    taps.weight.push_back((std::min(at + 0.5, high) - std::max(at - 0.5, low)) / width);
  }
  return taps;
}

/// `from` resampled along `axis` by the taps.
Volume along(const Volume& from, std::size_t axis, const std::vector<Taps>& taps) {
  Volume out{from.shape, {}};
  out.shape[axis] = static_cast<Index>(taps.size());
  out.values.resize(static_cast<std::size_t>(count(out.shape)));
  Index outer = 1, inner = 1;
  for (std::size_t a = 0; a < 3; ++a) (a < axis ? outer : inner) *= a == axis ? 1 : from.shape[a];
  std::vector<double> sum(static_cast<std::size_t>(inner));
  float* to = out.values.data();
  for (Index o = 0; o < outer; ++o)
    for (const Taps& t : taps) {
      if (t.weight == std::vector<double>{1}) {  // keeps the bits
        to = std::copy_n(&from.values[static_cast<std::size_t>((o * from.shape[axis] + t.first) * inner)], inner, to);
        continue;
      }
      std::fill(sum.begin(), sum.end(), 0.0);
      for (std::size_t k = 0; k < t.weight.size(); ++k) {
        const float* row =
            &from.values[static_cast<std::size_t>((o * from.shape[axis] + t.first + static_cast<Index>(k)) * inner)];
        for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += t.weight[k] * static_cast<double>(row[i]);
      }
      to = std::transform(sum.begin(), sum.end(), to, [](double value) { return static_cast<float>(value); });
    }
  return out;
}

/// Axis a of the result is axis source[a] of `from`.
Volume transposed(const Volume& from, const std::array<std::size_t, 3>& source) {
  if (source == std::array<std::size_t, 3>{0, 1, 2}) return from;
  const std::array<Index, 3> stride = {from.shape[1] * from.shape[2], from.shape[2], 1};
  Volume out{{from.shape[source[0]], from.shape[source[1]], from.shape[source[2]]}, {}};
  out.values.reserve(from.values.size());
  for (Index x = 0; x < out.shape[0]; ++x)
    for (Index y = 0; y < out.shape[1]; ++y)
      for (Index z = 0; z < out.shape[2]; ++z)
        out.values.push_back(from.values[static_cast<std::size_t>(x * stride[source[0]] + y * stride[source[1]] +
                                                                  z * stride[source[2]])]);
  return out;
}

/// Whether the new axes are parallel to the source's. `map`: from new to source voxels.
bool aligned(const Affine& map, const Triple& extents) {
  const Orientation turned = orientation(map);
  for (std::size_t a = 0; a < 3; ++a)
    for (std::size_t r = 0; r < 3; ++r)
      if (r != turned.axis[a] && !(std::abs(map.m[r][a]) * static_cast<double>(extents[a]) < same_place)) return false;
  return true;
}

/// Taps along one axis. `step`: source voxels from a new voxel to the next; `start`: the position of the first. Grids
/// that almost agree are treated as equal.
std::vector<Taps> axis_taps(double step, double start, Index extent, Index n, Sampling sampling) {
  if (std::abs(std::abs(step) - 1) * static_cast<double>(extent) < same_place) {
    step = std::copysign(1.0, step);
    if (std::abs(start - std::round(start)) < same_place) start = std::round(start);
  }
  std::vector<Taps> out;
  for (Index i = 0; i < extent; ++i)
    out.push_back(taps_at(step * static_cast<double>(i) + start, std::abs(step), n, sampling));
  return out;
}

/// The value of a volume at any point, in the volume's voxels.
class Sampler {
 public:
  Sampler(const Volume& from, Sampling sampling) : from_(from), nearest_(sampling == Sampling::nearest) {}

  /// Trilinear, or the nearest voxel's value; 0 outside.
  double at(const Vector3& place) const {
    std::array<Index, 3> low, high;
    Vector3 share;
    for (std::size_t a = 0; a < 3; ++a) {
      const auto size = static_cast<double>(from_.shape[a]);
      if (!(place[a] >= -0.5 && place[a] < size - 0.5)) return 0;
      const double inside = nearest_ ? std::floor(place[a] + 0.5) : std::clamp(place[a], 0.0, size - 1);
      low[a] = static_cast<Index>(inside);
      high[a] = std::min(low[a] + 1, from_.shape[a] - 1);
      share[a] = inside - std::floor(inside);
    }
    const auto row = [&](Index x, Index y) { return std::lerp(value(x, y, low[2]), value(x, y, high[2]), share[2]); };
    const auto plane = [&](Index x) { return std::lerp(row(x, low[1]), row(x, high[1]), share[1]); };
    return std::lerp(plane(low[0]), plane(high[0]), share[0]);
  }

 private:
  double value(Index x, Index y, Index z) const {
    return static_cast<double>(from_.values[static_cast<std::size_t>((x * from_.shape[1] + y) * from_.shape[2] + z)]);
  }
  const Volume& from_;
  bool nearest_;
};

/// Resamples one axis after the other.
Volume separable(const Volume& from, const Affine& map, const Triple& extents, Sampling sampling) {
  const std::array<std::size_t, 3> source = orientation(map).axis;
  Volume out = from;
  for (std::size_t a = 0; a < 3; ++a) {
    const std::size_t s = source[a];
    out = along(out, s, axis_taps(map.m[s][a], map.m[s][3], extents[a], from.shape[s], sampling));
  }
  return transposed(out, source);
}

/// Each new voxel is the mean of evenly spaced points in it.
Volume oblique(const Volume& from, const Affine& map, const Triple& extents, Sampling sampling) {
  const Sampler sampler(from, sampling);
  Triple points = {1, 1, 1};
  const Vector3 steps = map.edges();
  if (sampling != Sampling::nearest)
    for (std::size_t a = 0; a < 3; ++a)
      points[a] = std::clamp(static_cast<Index>(std::ceil(steps[a] - same_place)), Index{1}, most_points);
  std::vector<Vector3> offsets;
  const auto place = [&](Index i, std::size_t a) {
    return (static_cast<double>(i) + 0.5) / static_cast<double>(points[a]) - 0.5;
  };
  for (Index i = 0; i < points[0]; ++i)
    for (Index j = 0; j < points[1]; ++j)
      for (Index k = 0; k < points[2]; ++k) offsets.push_back({place(i, 0), place(j, 1), place(k, 2)});
  Volume out{{extents[0], extents[1], extents[2]}, {}};
  out.values.reserve(static_cast<std::size_t>(count(out.shape)));
  for (Index x = 0; x < extents[0]; ++x)
    for (Index y = 0; y < extents[1]; ++y)
      for (Index z = 0; z < extents[2]; ++z) {
        double sum = 0;
        for (const Vector3& o : offsets)
          sum += sampler.at(
              map({static_cast<double>(x) + o[0], static_cast<double>(y) + o[1], static_cast<double>(z) + o[2]}));
        out.values.push_back(static_cast<float>(sum / static_cast<double>(offsets.size())));
      }
  return out;
}

/// Divides `value`, computed from data and zeros, by the share of the data; 0 where the share is below one half.
Volume over_measured(Volume value, const Volume& share) {
  for (std::size_t k = 0; k < value.values.size(); ++k)
    value.values[k] = share.values[k] >= 0.5f ? value.values[k] / share.values[k] : 0;
  return value;
}

/// Describes for the report what was done.
std::string words(const SpatialVolume& from, const SpatialGrid& to, const Affine& map, bool straight,
                  Sampling sampling) {
  std::string out;
  const std::string axes = orientation(from.affine).letters(), wanted = orientation(to.affine).letters();
  if (axes != wanted) out = "turned from " + axes;
  bool shrinks = false, between = !straight, shifted = false;
  const Orientation turned = orientation(map);
  for (std::size_t a = 0; a < 3; ++a) {
    const std::size_t s = turned.axis[a];
    const double step = map.edges()[a], extent = static_cast<double>(to.extents[a]), start = map.m[s][3];
    shrinks = shrinks || (step - 1) * extent >= same_place;
    between = between || std::abs(step - 1) * extent >= same_place || std::abs(start - std::round(start)) >= same_place;
    const double first = turned.reversed[a] ? extent - 1 : 0;
    shifted = shifted || std::round(start) != first || from.volume.shape[s] != to.extents[a];
  }
  const auto add = [&](const std::string& word) { out += (out.empty() ? "" : ", ") + word; };
  if (between) add(sampling == Sampling::nearest ? "nearest" : shrinks ? "area-weighted" : "linear");
  if (!straight) add("oblique");
  if (!between && shifted) add("shifted by whole voxels");
  return out.empty() ? "as it is" : out;
}

}  // namespace

std::string name_of(Sampling sampling) { return sampling_names[static_cast<std::size_t>(sampling)]; }

std::optional<Sampling> sampling_of(std::string_view name) {
  const auto at = std::ranges::find(sampling_names, name);
  if (at == std::end(sampling_names)) return {};
  return static_cast<Sampling>(at - std::begin(sampling_names));
}

Sampling usual_sampling(std::string_view modality) { return modality == "mre" ? Sampling::measured : Sampling::linear; }

SpatialGrid mni_grid(double voxel_mm) {
  if (!(voxel_mm >= 0.5 && voxel_mm <= 20))
    fail(ErrorKind::usage, "voxel size", fmt::format("{} mm, expected 0.5 to 20 mm", voxel_mm), "Choose 1 to 8 mm.");
  constexpr Vector3 box = {182, 218, 182}, corner = {-91, -127, -73};
  SpatialGrid grid;
  Vector3 origin;
  for (std::size_t a = 0; a < 3; ++a) {
    grid.extents[a] = static_cast<Index>(std::ceil(box[a] / voxel_mm));
    origin[a] = corner[a] + voxel_mm / 2;
  }
  grid.affine = Affine::scale({voxel_mm, voxel_mm, voxel_mm}, origin);
  return grid;
}

Resampled resample(const SpatialVolume& from, const SpatialGrid& to, Sampling sampling) {
  assert(count(from.volume.shape) == static_cast<Index>(from.volume.values.size()));
  const Affine map = inverse(from.affine) * to.affine;
  const bool straight = aligned(map, to.extents);
  const auto resampled = [&](const Volume& volume) {
    return straight ? separable(volume, map, to.extents, sampling) : oblique(volume, map, to.extents, sampling);
  };
  Resampled out{resampled(from.volume), words(from, to, map, straight, sampling)};
  if (sampling != Sampling::measured) return out;
  Volume share = from.volume;
  for (float& value : share.values) value = value != 0;
  out.volume = over_measured(std::move(out.volume), resampled(share));
  return out;
}

SpatialVolume to_ras(const SpatialVolume& from) {
  const Orientation turned = orientation(from.affine);
  SpatialGrid grid;
  Affine old;  // from the number of a new voxel to that of the old one
  for (std::size_t c = 0; c < 3; ++c) {
    const std::size_t a = turned.axis[c];
    grid.extents[a] = from.volume.shape[c];
    old.m[c][a] = turned.reversed[c] ? -1 : 1;
    old.m[c][3] = turned.reversed[c] ? static_cast<double>(from.volume.shape[c] - 1) : 0;
  }
  return {separable(from.volume, old, grid.extents, Sampling::nearest), from.affine * old};
}

}  // namespace cg
