// SPDX-License-Identifier: Apache-2.0
// Writes the features of all subjects after chosen epochs to embeddings.h5, to show how the embedding develops. Its
// layout: docs/run-folder.md.
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

/// Writes `participant_id`, `age`, `part`, `study` if there are studies, and for each seed and epoch
/// `seed<k>/epoch<n>/projected` and `…/encoder` [subjects, width]; as attributes, what the run is. Errors: storage.
void write_embeddings(const std::filesystem::path& path, const Cohort& cohort, const Provenance& from,
                      std::span<const KeptFeatures> kept);

}  // namespace cg
