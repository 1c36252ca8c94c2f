// SPDX-License-Identifier: Apache-2.0
// The scans whose age is to be predicted: files of volumes (NIfTI, .npy) and cohort files. Each scan is brought to the
// model's grid in the same way as the training cohort. Read next: experiments/cohorts/map_reader.h.
#pragma once

#include <deque>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "data/cohort_h5.h"
#include "experiments/cohorts/map_reader.h"
#include "experiments/record/trained_model.h"

namespace cg {

/// A table with the ages of the volumes' participants.
struct AgeTable {
  std::string path;  ///< empty: no table
  std::string id_column = "participant_id", age_column = "age";
  std::string session_column = "session_id";  ///< used if the table has it
  std::string age_unit;                       ///< as in ImportOptions
};

struct ScanOptions {
  std::vector<std::string> inputs;  ///< paths of volumes and cohort files
  AgeTable participants;
  double age = std::numeric_limits<double>::quiet_NaN();  ///< of the single volume, years; NaN: unknown
  std::string npy_axes;                                   ///< as in ImportOptions
  bool nan_is_zero = false;  ///< NaN in a volume means: not measured; also if the model's cohort was imported so
};

/// Ages in years by join_key and session_key; the session is empty for a row without one.
using ScanAges = std::map<std::pair<std::string, std::string>, double>;

/// A scan on the model's grid, in the scan's unit.
struct Scan {
  std::string id;
  std::string person = {};  ///< whose scan it is
  double age = 0;           ///< years; NaN if unknown
  std::string source;       ///< its file; for a cohort file with the id
  bool has_affine = true;   ///< the file contains the positions of its voxels
  Volume volume;
  std::string done;          ///< how it was brought to the grid
  std::string warning = {};  ///< what was ignored in its file
  double lost = 0;           ///< share of its data outside of the grid
  bool synthetic = false;    ///< by its file
  std::string digest = {};   ///< map_digest() of the volume
};

class Scans {
 public:
  /// Opens cohort files and the table, but not yet the volumes. Errors: usage (no input, an age for several volumes),
  /// data (no such file, a modality that differs from the model's), corrupt.
  Scans(const ScanOptions& options, const Prediction& model);
  Scans(const Scans&) = delete;
  Scans& operator=(const Scans&) = delete;

  Index size() const { return static_cast<Index>(sources_.size()); }
  /// Errors: those of MapReader.
  Scan read(Index scan) const;
  /// The scan as its file has it.
  SpatialVolume original(Index scan) const;
  const std::string& source(Index scan) const { return sources_[static_cast<std::size_t>(scan)].map.where; }
  /// The scans of files that are the cohort that the model was trained on, to the last voxel. Their maps are compared
  /// as `read` saw them: a file with a scan that was not read yet is not recognised.
  std::vector<Index> of_training_cohort() const;
  /// The cohort files without digests of their content.
  std::vector<std::string> not_verified() const;
  const std::string& id(Index scan) const { return sources_[static_cast<std::size_t>(scan)].map.participant.id; }

 private:
  struct Cohort {
    CohortFile file;
    mutable std::vector<std::string> digests;  ///< of the maps that were read
  };
  struct ScanSource {
    MapSource map;
    const Cohort* cohort = nullptr;  ///< null: a volume
    Index subject = 0;               ///< of the cohort
  };
  void add_cohort(const std::string& path);
  void add_volume(const std::string& path, double age);

  std::string modality_, trained_on_;  // the model's; the digest of its training cohort
  Sampling sampling_;
  MapReader reader_;
  ScanAges ages_;
  std::deque<Cohort> cohorts_;
  std::vector<ScanSource> sources_;
};

/// The scan of a volume by its file name: sub-07 for sub-07_T1w.nii.gz and sub-07_ses-2 for sub-07_ses-2_T1w.nii.gz, as
/// in BIDS; otherwise the name without its ending.
std::string id_of_file(const std::string& path);

}  // namespace cg
