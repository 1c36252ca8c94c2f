// SPDX-License-Identifier: Apache-2.0
// A phantom cohort with maps that do not belong: one in pascal, one that is shifted, one that is there under two ids.
#pragma once

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "data/cohort_h5.h"
#include "data/phantom/cohort.h"
#include "tests/support/tiny_cohort.h"

namespace cg::test {

/// The maps of a cohort, to be changed.
using Maps = std::vector<Volume>;

inline void in_pascal(Volume& map) {
  for (float& v : map.values) v *= 1000;
}

/// Moves the map by `voxels` along Y. What leaves the grid is lost.
inline void shift(Volume& map, Index voxels) {
  const Triple n = {map.shape[0], map.shape[1], map.shape[2]};
  const VoxelGrid grid{n, 1};
  std::vector<float> moved(map.values.size());
  for (Index x = 0; x < n[0]; ++x)
    for (Index y = std::max<Index>(0, -voxels); y < std::min(n[1], n[1] - voxels); ++y)
      for (Index z = 0; z < n[2]; ++z) moved[grid.at(x, y + voxels, z)] = map.values[grid.at(x, y, z)];
  map.values = std::move(moved);
}

/// A tiny phantom cohort whose maps are changed, in the file `planted` beside the phantom's own.
struct PlantedCohort : TinyCohort {
  std::string planted = folder + "/planted.h5";

  PlantedCohort(Index subjects, double voxel_mm, const std::function<void(Maps&)>& change = {})
      : TinyCohort(subjects, voxel_mm) {
    plant(change);
  }

  void plant(const std::function<void(Maps&)>& change) const {
    const CohortFile from(file);
    Maps maps;
    std::vector<double> ages;
    std::vector<std::string> ids, studies;
    for (Index i = 0; i < from.size(); ++i) {
      maps.push_back(from.volume(i));
      ages.push_back(from.subject(i).age);
      ids.push_back(from.subject(i).id);
      studies.push_back(from.subject(i).study);
    }
    if (change) change(maps);
    std::vector<float> values;
    for (const Volume& map : maps) values.insert(values.end(), map.values.begin(), map.values.end());
    const Shape v = from.volume_shape();
    H5Writer out(planted);
    out.floats("maps", {from.size(), 1, v[0], v[1], v[2]}, values);
    out.numbers("age", {from.size()}, ages);
    out.strings("participant_id", ids);
    out.strings("study", studies);
    out.attribute("voxel_mm", from.voxel_mm());
    out.attribute("synthetic", 1);
    out.commit();
  }
};

}  // namespace cg::test
