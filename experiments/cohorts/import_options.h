// What a cohort is made from: tables of participants and their maps, in folders as BIDS and OpenBHB have them or as a
// stack with a list of ids.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "data/space/resample.h"

namespace cg {

/// Paths are patterns below `root`; {participant_id} stands for an id, {part} for a part's name.
struct ImportOptions {
  std::filesystem::path root;
  std::vector<std::string> parts;  ///< "train", "val"; empty: the cohort has no parts
  std::string table;               ///< of participants: one for all parts, or one a part
  std::string files;               ///< a file a participant, or
  std::string stack, ids;          ///< one .npy with a row a participant, and the rows' ids
  std::string masks;               ///< voxels that are 0 in these become 0; may be empty
  std::string id_column = "participant_id", age_column = "age", sex_column = "sex", study_column;
  std::string female, male;          ///< how the table says it, besides F, female, M, male
  std::vector<std::string> exclude;  ///< ids that are left out
  bool allow_missing = false;        ///< rows of the table without a map are left out
  bool allow_unused = false;         ///< maps without a row in the table are left out
  bool nan_is_zero = false;          ///< NaN in a map means: nothing was measured
  std::string not_in;                ///< a cohort file that may share no participant with this one; may be empty
  std::string npy_axes;              ///< RAS or LAS: which way x runs in .npy files, which do not say it
  std::string modality = "mre";      ///< as in the cohort file
  double voxel_mm = 2;               ///< of the MNI grid
  Sampling sampling = Sampling::measured;
};

/// Known layouts of folders.
enum class Layout {
  bids,         ///< participants.tsv, ID/anat/ID_T1w.nii.gz
  openbhb,      ///< as distributed: train/ and val/, a .npy of 1 mm a participant, `sub-` before the id
  openbhb_2mm,  ///< train_quasiraw_2mm.npy, val_quasiraw_2mm.npy and their participants_id.npy
};

/// Fills in what is empty, by what is found below `root`. Errors (data): the layout's files are not there.
ImportOptions with_layout(ImportOptions options, Layout layout);

/// `pattern` with its words put in.
std::string filled(const std::string& pattern, const std::string& part, const std::string& id);

}  // namespace cg
