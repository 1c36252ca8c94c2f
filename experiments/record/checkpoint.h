// A run's state between two steps, in a file from which it goes on to the same bits. Read next: data/files/storage.h.
//
// The file is HDF5 behind a block of 512 bytes that holds the SHA-256 of everything after it: damage is found before
// HDF5 reads a byte, and any HDF5 program still opens the file. There is one generation: it is replaced in one step
// (storage.h), so that whenever the process or the machine dies the name holds the last file that was saved whole.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "experiments/record/embeddings_file.h"
#include "experiments/record/recorder.h"

namespace cg {

/// Where a run is and what it has brought so far. Order and learning rate of batches follow from the place alone.
struct RunState {
  Index seed = 0;                   ///< place in the configuration's list
  Index epoch = 1;                  ///< of that seed, counted from 1
  Index step = 0;                   ///< steps of that epoch taken
  double loss_sum = 0;              ///< over those steps
  Index neighbours = 0;             ///< as the epoch's first step reported them
  double epoch_seconds = 0;         ///< spent on those steps
  double seed_seconds = 0;          ///< spent on the seed's earlier epochs
  LogSizes logs;                    ///< of the tables when the epoch began
  Index resumed = 0;                ///< times
  std::vector<SeedResult> results;  ///< of the seeds before
  std::vector<KeptFeatures> kept;

  /// Before a seed's first step: its learner follows from the seed, and nothing of it is saved.
  bool fresh() const { return epoch == 1 && step == 0; }
  /// On to the next epoch, or to the next seed's first; `sizes` of the tables now.
  void begin(bool next_seed, const LogSizes& sizes);
};

struct Checkpoint {
  std::string config_digest;   ///< of the configuration it belongs to
  std::string cohort_digest;   ///< of the cohort
  std::string weights_digest;  ///< of the weights that training starts from; empty if they are random
  std::string setting;         ///< device, type of activations, threads: the same bits come only from the same
  RunState run;
  Index batches_seen = 0;            ///< by the learner
  std::vector<NamedTensor> learner;  ///< Learner::state(), float32; empty if the run is fresh
};

/// Replaces the checkpoint at `path`. The learner's tensors are on `backend`. Takes twice the file's size in memory
/// meanwhile. Errors: storage, memory; the checkpoint that was there stays.
void write_checkpoint(const std::filesystem::path& path, const Checkpoint& checkpoint, Backend& backend);

/// Reads one; the learner's tensors are then the host's. Errors: corrupt, for whatever is wrong with the file; storage.
Checkpoint read_checkpoint(const std::filesystem::path& path);

}  // namespace cg
