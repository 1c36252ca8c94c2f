// SPDX-License-Identifier: Apache-2.0
// Writes the features of all subjects after chosen epochs to embeddings.h5, to show how the embedding develops.
#pragma once

#include <filesystem>
#include <span>

#include "experiments/training/evaluation.h"

namespace cg {

/// Features of all subjects, in the cohort's order, after an epoch of a seed.
struct KeptFeatures {
  Index seed = 0, epoch = 0;
  SubjectFeatures projected, encoder;
};

/// Writes `participant_id`, `age`, and for each seed and epoch `seed<k>/epoch<n>/projected` and `…/encoder`
/// [subjects, width]. Errors: storage.
void write_embeddings(const std::filesystem::path& path, const CohortFile& cohort, std::span<const KeptFeatures> kept);

}  // namespace cg
