// SPDX-License-Identifier: Apache-2.0
#include "experiments/record/trained_model.h"

namespace cg {
namespace {

/// Calls `body` with each map of the training part, normalised.
template <class Body>
void for_each_map(const Cohort& cohort, const Body& body) {
  std::vector<float> values(static_cast<std::size_t>(cohort.volumes->voxels()));
  for (const Index i : cohort.split.train) {
    cohort.volumes->read(i, values);
    body(values);
  }
}

std::vector<float> occupancy_of(const Cohort& cohort) {
  std::vector<float> share(static_cast<std::size_t>(cohort.volumes->voxels()), 0.0f);
  for_each_map(cohort, [&](const std::vector<float>& map) {
    for (std::size_t k = 0; k < map.size(); ++k) share[k] += map[k] != 0 ? 1.0f : 0.0f;
  });
  for (float& s : share) s /= static_cast<float>(cohort.split.train.size());
  return share;
}

}  // namespace

TrainingPart describe_training(const Cohort& cohort) {
  const CohortFile& file = *cohort.file;
  TrainingPart out{.cohort = cohort.digest,
                   .modality = file.modality(),
                   .unit = file.unit(),
                   .synthetic = file.synthetic(),
                   .subjects = static_cast<Index>(cohort.split.train.size()),
                   .mean = {},
                   .sd = {},
                   .coverage = {},
                   .outside = {},
                   .occupancy = occupancy_of(cohort)};
  const Spread ages = spread_of(cohort.ages(cohort.split.train));
  out.youngest = ages.least;
  out.oldest = ages.most;
  const Intensity unit = cohort.intensity.value_or(Intensity{});  // back to the maps' unit
  std::vector<double> mean, sd, coverage, outside;
  for_each_map(cohort, [&](const std::vector<float>& map) {
    const MapStatistics s = map_statistics(map, out.occupancy);
    mean.push_back(unit.mean + unit.sd * s.mean);
    sd.push_back(unit.sd * s.sd);
    coverage.push_back(s.coverage);
    outside.push_back(s.outside);
  });
  out.mean = spread_of(mean);
  out.sd = spread_of(sd);
  out.coverage = spread_of(coverage);
  out.outside = spread_of(outside);
  return out;
}

Preprocessing preprocessing_of(const Cohort& cohort) {
  const CohortFile& file = *cohort.file;
  return {.grid = {file.grid().extents, file.affine()},
          .has_affine = file.has_affine(),
          .sampling = file.sampling(),
          .nan_is_zero = file.nan_is_zero(),
          .intensity = cohort.intensity};
}

}  // namespace cg
