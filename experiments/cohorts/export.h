// The other way: a cohort file as a folder of NIfTI files with a table of participants, in BIDS's form, for viewers,
// other programs, and for trying the import.
#pragma once

#include <filesystem>

#include "data/cohort_h5.h"
#include "experiments/program/progress.h"

namespace cg {

/// What an id becomes in BIDS, whose labels have letters and digits only: "phantom-00007" → "sub-phantom00007".
std::string bids_id(const std::string& id);

/// The pattern of the files' names below the folder, as import_cohort takes it.
std::string exported_files(const CohortFile& cohort);

/// Writes dataset_description.json, participants.tsv, and a .nii.gz a subject. A synthetic cohort says so in every
/// file. Errors: data (two ids become one; a map that cannot be used), usage (the folder is not empty), storage.
void export_cohort(const CohortFile& cohort, const std::filesystem::path& folder, const ProgressOutput& output);

}  // namespace cg
