// All subjects' features after chosen epochs, for looking at how the embedding forms: embeddings.h5.
#pragma once

#include <filesystem>
#include <span>

#include "experiments/runner/evaluation.h"

namespace cg {

/// Features of all subjects, in the cohort's order, after an epoch of a seed.
struct KeptFeatures {
  Index seed = 0, epoch = 0;
  SubjectFeatures projected, encoder;
};

/// Encodes the whole cohort twice: the projection head's output and the encoder's.
KeptFeatures keep_features(Learner& learner, Cohort& cohort, Index seed, Index epoch, Index batch_size,
                           const BeforeBatch& before);

/// Writes `participant_id`, `age`, and for each seed and epoch `seed<k>/epoch<n>/projected` and `…/encoder`
/// [subjects, width]. Errors: storage.
void write_embeddings(const std::filesystem::path& path, const CohortFile& cohort, std::span<const KeptFeatures> kept);

}  // namespace cg
