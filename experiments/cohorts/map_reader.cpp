// SPDX-License-Identifier: Apache-2.0
#include "experiments/cohorts/map_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "data/files/digest.h"
#include "data/formats/nifti.h"
#include "tensor/error.h"

namespace cg {
namespace {

/// Errors (data): a voxel that is not finite, or a constant map.
void check_values(const Volume& volume, const std::string& where) {
  const Shape& n = volume.shape;
  float first = 0;
  bool constant = true, any = false;
  for (std::size_t k = 0; k < volume.values.size(); ++k) {
    const float v = volume.values[k];
    if (!std::isfinite(v)) {
      const auto at = static_cast<Index>(k);
      fail(ErrorKind::data, where,
           fmt::format("voxel {}, {}, {} is {}", at / (n[1] * n[2]), at / n[2] % n[1], at % n[2], v),
           std::isnan(v) ? "Replace the value by 0 if nothing was measured, or add --nan-is-zero."
                         : "Replace the value.");
    }
    if (v == 0) continue;
    if (!any) first = v;
    constant = constant && v == first;
    any = true;
  }
  if (constant)
    fail(ErrorKind::data, where,
         any ? fmt::format("all voxels are 0 or {}: a constant map, or a mask", first) : "all voxels are 0",
         "Give the file that contains the map.");
}

double nonzero(const Volume& volume) {
  return static_cast<double>(std::count_if(volume.values.begin(), volume.values.end(), [](float v) { return v != 0; }));
}

void describe(MapReading& reading) {
  double sum = 0;
  bool first = true;
  for (const float value : reading.volume.values) {
    if (value == 0) continue;
    const auto v = static_cast<double>(value);
    reading.least = first ? v : std::min(reading.least, v);
    reading.most = first ? v : std::max(reading.most, v);
    first = false;
    sum += v;
    ++reading.voxels;
  }
  if (reading.voxels > 0) reading.mean = sum / static_cast<double>(reading.voxels);
}

}  // namespace

double lost_share(const SpatialVolume& from, const Volume& on_grid, const SpatialGrid& grid) {
  const double had = nonzero(from.volume) * std::abs(from.affine.determinant()),
               has = nonzero(on_grid) * std::abs(grid.affine.determinant());
  return std::max(0.0, 1 - has / had);
}

MapFile MapReader::file(const MapSource& source) const {
  return read_map(source.file, {.row = source.row, .npy_axes = options_.npy_axes});
}

void MapReader::apply_mask(const MapSource& source, MapReading& reading) const {
  if (source.mask.empty()) return;
  NiftiVolume mask;
  try {
    mask = read_oriented_nifti(source.mask);
  } catch (const Error& error) {
    fail(error.kind(), source.where, fmt::format("the mask {}: {}", source.mask.filename().string(), error.found()),
         error.fix());
  }
  const Volume inside = resample(mask.spatial, grid_, Sampling::nearest).volume;
  std::vector<float>& values = reading.volume.values;
  for (std::size_t k = 0; k < values.size(); ++k)
    if (!(inside.values[k] > 0)) values[k] = 0;
  if (mask.warning.empty()) return;
  if (!reading.warning.empty()) reading.warning += "; ";
  reading.warning += fmt::format("the mask {}: {}", source.mask.filename().string(), mask.warning);
}

MapReading MapReader::read(const MapSource& source) const {
  MapFile read;
  try {
    read = file(source);
  } catch (const Error& error) {  // name the file by its path below the root
    fail(error.kind(), source.where, error.found(), error.fix());
  }
  MapReading reading = this->read(source, std::move(read));
  if (source.row < 0) reading.sha256 = sha256_of_file(reading.voxels_in.string());
  return reading;
}

MapReading MapReader::read(const MapSource& source, MapFile read) const {
  MapReading reading;
  reading.format = read.format;
  reading.voxels_in = read.voxels_in;
  reading.warning = read.warning;
  reading.synthetic = read.description.starts_with(synthetic_mark);
  SpatialVolume& from = read.spatial;
  if (options_.nan_is_zero)
    for (float& v : from.volume.values)
      if (std::isnan(v)) v = 0;
  check_values(from.volume, source.where);
  Resampled resampled = resample(from, grid_, options_.sampling);
  reading.axes = orientation(from.affine).letters();
  reading.done = std::move(resampled.done);
  reading.volume = std::move(resampled.volume);
  reading.lost = lost_share(from, reading.volume, grid_);  // before the mask: what it removes is not lost
  apply_mask(source, reading);
  describe(reading);
  if (reading.voxels == 0 || reading.least == reading.most)
    fail(ErrorKind::data, source.where, "all data of the map is outside of the MNI grid",
         "Register the map to MNI space, or check its affine and mask.");
  return reading;
}

}  // namespace cg
