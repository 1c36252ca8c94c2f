// SPDX-License-Identifier: Apache-2.0
// The sources of a cohort: tables of participants and their maps, in folders like those of BIDS and OpenBHB, or as a
// stack with a list of ids.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "data/space/resample.h"

namespace cg {

/// Paths are patterns below `root`: {participant_id} stands for an id, {session} for a BIDS session, {part} for a
/// part's name, * for any part of a name. With {session} each session is a separate scan, "sub-01_ses-02".
struct ImportOptions {
  std::filesystem::path root;
  std::vector<std::string> parts;  ///< "train", "val"; empty: the cohort has no parts
  std::string table;               ///< of participants: one for all parts, or one per part
  std::string files;               ///< one file per participant, or
  std::string stack, ids;          ///< one .npy with one row per participant, and the rows' ids
  std::string masks;               ///< voxels that are 0 in a mask become 0; may be empty
  std::string id_column = "participant_id", age_column = "age", sex_column = "sex", study_column;
  std::string session_column = "session_id";  ///< used if the table has it and the maps have sessions
  std::string age_unit;                       ///< years, months, weeks or days; empty: by the table's .json, or years
  std::string female, male;                   ///< the table's words, in addition to F, female, M, male
  std::vector<std::string> exclude;           ///< ids that are skipped
  bool allow_missing = false;                 ///< rows of the table without a map are skipped
  bool allow_unused = false;                  ///< maps without a row in the table are skipped
  bool allow_outliers = false;   ///< equal maps and intensities that are off by a factor of 10 are warnings
  bool nan_is_zero = false;      ///< NaN in a map means: not measured
  std::string not_in;            ///< a cohort file that must not have a participant of this one; may be empty
  std::string npy_axes;          ///< RAS or LAS: the direction of x in .npy files, which do not contain it
  std::string modality = "mre";  ///< as in the cohort file
  double voxel_mm = 2;           ///< of the MNI grid
  Sampling sampling = Sampling::measured;
};

/// Known layouts of folders.
enum class Layout {
  bids,         ///< participants.tsv, ID/anat/ID_T1w.nii.gz
  openbhb,      ///< as distributed: train/ and val/, one .npy of 1 mm per participant, `sub-` before the id
  openbhb_2mm,  ///< train_quasiraw_2mm.npy, val_quasiraw_2mm.npy and their participants_id.npy
};

/// Fills in empty options by the files below `root`. Errors (data): the files of the layout do not exist.
ImportOptions with_layout(ImportOptions options, Layout layout);

/// The modality of maps with this name or pattern, if the user names none: t1 if it contains T1w, otherwise mre.
std::string modality_of_name(const std::string& name);

/// Errors (usage): options that do not fit together, a pattern with an unknown placeholder or without the id.
void check_options(const ImportOptions& options);

/// The files that an import reads, and places of such files: a file that is named here need not exist.
std::vector<std::string> input_files(const ImportOptions& options);

/// The id of a participant's scan in a session: "sub-01_ses-02"; without a session the participant's.
std::string scan_id(const std::string& id, const std::string& session);

/// `pattern` with its words replaced.
std::string filled(const std::string& pattern, const std::string& part, const std::string& id);

}  // namespace cg
