// SPDX-License-Identifier: Apache-2.0
// The features of all subjects after chosen epochs, in embeddings.h5: they show how the embedding develops, and
// predictors of age can be fitted on them without the network. Its layout: docs/run-folder.md.
#pragma once

#include <filesystem>
#include <span>

#include "experiments/record/provenance.h"
#include "experiments/training/evaluation.h"

namespace cg {

/// Features of all subjects, in the cohort's order, after an epoch of a seed.
struct KeptFeatures {
  Index seed = 0, epoch = 0;
  SubjectFeatures projected, encoder;
};

/// Writes `participant_id`, `age`, `part`, `sex` and `study` if the cohort has them, and for each seed and epoch
/// `seed<k>/epoch<n>/projected` and `…/encoder` [subjects, width]; as attributes, what the run is. Errors: storage.
void write_embeddings(const std::filesystem::path& path, const Cohort& cohort, const Provenance& from,
                      std::span<const KeptFeatures> kept);

/// What such a file says of its subjects, and their features after one epoch of a seed.
struct StoredFeatures {
  std::vector<std::string> ids, parts;      ///< in the cohort's order
  std::vector<std::string> sexes, studies;  ///< empty texts if the file does not have them
  std::vector<double> ages;                 ///< years
  std::string cohort;                       ///< Cohort::digest
  bool synthetic = false;
  SubjectFeatures projected, encoder;

  const SubjectFeatures& at(Features which) const { return which == Features::projected ? projected : encoder; }
  /// The places of the subjects of a part: train, validation or test.
  std::vector<Index> part(const std::string& name) const;
};

/// Errors: data, if the file or the epoch is missing; corrupt.
StoredFeatures read_embeddings(const std::filesystem::path& path, Index seed, Index epoch);

}  // namespace cg
