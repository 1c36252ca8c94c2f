// SPDX-License-Identifier: Apache-2.0
// Saves the state of a run between two steps in a file. A run that continues from it gives the same bits. Read next:
// data/files/storage.h.
//
// The file is HDF5 after a block of 512 bytes with the SHA-256 of all bytes after it. So damage is found before HDF5
// reads a byte, and any HDF5 program can still open the file. A new checkpoint replaces the old one in one step
// (storage.h), so that after a crash the last complete checkpoint is there.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "experiments/record/embeddings_file.h"
#include "experiments/record/recorder.h"

namespace cg {

/// The position of a run and its results so far. The order of the batches and their learning rate depend only on the
/// position.
struct RunState {
  Index seed = 0;                   ///< index in the configuration's list
  Index epoch = 1;                  ///< of that seed, counted from 1
  Index step = 0;                   ///< completed steps of that epoch
  double loss_sum = 0;              ///< over those steps
  Index neighbours = 0;             ///< as the epoch's first step reported them
  double epoch_seconds = 0;         ///< for those steps
  double seed_seconds = 0;          ///< for the seed's earlier epochs
  Logs logs;                        ///< of the tables at the beginning of the epoch
  Index resumed = 0;                ///< number of times
  std::vector<SeedResult> results;  ///< of the earlier seeds
  std::vector<KeptFeatures> kept;
  std::vector<Stage> stages = {};  ///< devices and programs so far

  /// Whether this is before a seed's first step. The learner then follows from the seed, and is not saved.
  bool fresh() const { return epoch == 1 && step == 0; }
  /// Moves to the next epoch, or to the first epoch of the next seed. `now`: the tables.
  void begin(bool next_seed, const Logs& now);
};

struct Checkpoint {
  InputDigests inputs;  ///< of the run that it belongs to
  RunState run;
  Index batches_seen = 0;            ///< by the learner
  std::vector<NamedTensor> learner;  ///< Learner::state(), float32; empty if the run is fresh
};

/// Replaces the checkpoint at `path`. The learner's tensors are on `backend`. Needs memory of twice the file's size.
/// Errors: storage, memory; the old checkpoint then stays.
void write_checkpoint(const std::filesystem::path& path, const Checkpoint& checkpoint, Backend& backend);

/// Reads a checkpoint; the learner's tensors are then on the host. Errors: corrupt, for any problem of the file, or if
/// another version of the program wrote it; storage.
Checkpoint read_checkpoint(const std::filesystem::path& path);

}  // namespace cg
